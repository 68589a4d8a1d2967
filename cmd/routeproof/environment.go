package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/routeproof/routeproof/reports"
)

// built is what the program was built from.
type built struct {
	version, revision string
	modified          bool // the source tree had changes beyond the revision
}

func readBuilt() built {
	b := built{version: "unknown", revision: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.revision = s.Value
		case "vcs.modified":
			b.modified = s.Value == "true"
		}
	}
	return b
}

// String is the answer to --version.
func (b built) String() string {
	text := fmt.Sprintf("%s, %s, revision %s", b.version, runtime.Version(), b.revision)
	if b.modified {
		text += " with changes"
	}
	return text
}

// environment describes this run for run.json.
func (a *app) environment(started time.Time) reports.Environment {
	b := readBuilt()
	e := reports.Environment{
		Started: started.UTC(), Arguments: a.args, System: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.GOMAXPROCS(0), Go: runtime.Version(), Version: b.version, Revision: b.revision, Modified: b.modified,
	}
	if host, err := os.Hostname(); err == nil {
		e.Host = host
	}
	return e
}
