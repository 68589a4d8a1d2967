//go:build race

package neardup

const raceDetector = true
