package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/routeproof/routeproof/reports"
)

// environment describes this run for run.json.
func (a *app) environment(started time.Time) reports.Environment {
	e := reports.Environment{
		Started: started.UTC(), Arguments: a.args, System: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.GOMAXPROCS(0), Go: runtime.Version(), Version: "unknown", Revision: "unknown",
	}
	if host, err := os.Hostname(); err == nil {
		e.Host = host
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		e.Version = info.Main.Version
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				e.Revision = s.Value
			case "vcs.modified":
				e.Modified = s.Value == "true"
			}
		}
	}
	return e
}
