//go:build race

package table

const raceDetector = true

// step is every how many bytes a file is cut or changed. The race detector
// makes everything some ten times slower.
const step = 23
