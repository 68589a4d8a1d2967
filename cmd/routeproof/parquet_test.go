package main

import (
	"testing"

	"github.com/parquet-go/parquet-go"
)

// splitsOf reads each prompt's split out of predictions.parquet.
func splitsOf(t *testing.T, path string) map[string]string {
	t.Helper()
	rows, err := parquet.ReadFile[struct {
		ID    string `parquet:"id"`
		Split string `parquet:"split"`
	}](path)
	if err != nil {
		t.Fatal(err)
	}
	splits := map[string]string{}
	for _, r := range rows {
		splits[r.ID] = r.Split
	}
	return splits
}
