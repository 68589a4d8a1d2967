package main

import (
	"runtime"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	r := must(t, "--version")
	if !strings.HasPrefix(r.stdout, "routeproof version ") || !strings.Contains(r.stdout, runtime.Version()) || !strings.Contains(r.stdout, "revision ") {
		t.Errorf("--version says %s", r.stdout)
	}
	if got := (built{"v1.2.3", "abc", true}).String(); got != "v1.2.3, "+runtime.Version()+", revision abc with changes" {
		t.Error(got)
	}
}
