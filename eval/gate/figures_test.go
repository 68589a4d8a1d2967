package gate

import "testing"

// figuresAlone skips a simulation under the race detector, which takes minutes there
// and runs nothing that other tests do not.
func figuresAlone(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("a simulation: the race detector finds nothing more in it")
	}
}
