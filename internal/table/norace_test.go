//go:build !race

package table

const raceDetector = false

const step = 1
