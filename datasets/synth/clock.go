package synth

import (
	"math"
	"sort"
)

const (
	hourSeconds = 3600
	weekHours   = 168
	weekSeconds = weekHours * hourSeconds
	firstMonday = 4 * 24 * hourSeconds // 1970-01-05 00:00 UTC
)

// A clock turns numbers of requests into times. The rate is constant within an
// hour of the week and repeats every week.
type clock struct {
	begin   int64 // of the log
	monday  int64 // 00:00 UTC, at or before it
	hours   []float64
	start   float64 // the beginning as a share of its week's requests
	perWeek float64
}

func newClock(l Logs) clock {
	rate := func(hour int) float64 {
		r := 1 + l.DailySwing*math.Cos(2*math.Pi*(float64(hour%24)-13.5)/24)
		if hour/24 >= 5 {
			r *= l.Weekend
		}
		return r
	}
	c := clock{hours: append([]float64{0}, running(weekHours, rate)...), perWeek: 7 * l.PerDay, begin: l.Start}
	since := (l.Start - firstMonday) % weekSeconds
	if since < 0 {
		since += weekSeconds
	}
	c.monday = l.Start - since
	h := since / hourSeconds
	c.start = c.hours[h] + (c.hours[h+1]-c.hours[h])*float64(since%hourSeconds)/hourSeconds
	return c
}

// at returns the time by which the expected number of requests since the start
// is x.
func (c *clock) at(x float64) int64 {
	week, part := math.Modf(c.start + x/c.perWeek)
	h := sort.Search(weekHours, func(h int) bool { return c.hours[h+1] > part })
	h = min(h, weekHours-1)
	within := (part - c.hours[h]) / (c.hours[h+1] - c.hours[h])
	return max(c.begin, c.monday+int64(week)*weekSeconds+int64(float64(h)*hourSeconds+within*hourSeconds))
}
