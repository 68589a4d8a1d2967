package datasets

// A Draw is a request that was drawn from a router's log to be labelled.
type Draw struct {
	ID      string // of its text, which other requests may share
	Stratum string // from which it was drawn at random
	Weight  float64
	Routed  string // the tier that the router chose first; empty: unknown
	Feature string
	File    string // where it stands
	Line    Optional[int]
}

// Draws is the kind of file that holds drawn requests: columns id, stratum,
// weight, over 0, how many requests of its stratum a draw stands for, and
// optionally routed, feature, file and line.
func Draws() Kind[Draw] {
	return Kind[Draw]{
		noun: "draws", needs: "id, stratum and weight",
		fields: []field[Draw]{
			recurringName("id", "the id of a prompt", func(d *Draw) *string { return &d.ID }),
			recurringName("stratum", "the name of a stratum", func(d *Draw) *string { return &d.Stratum }),
			requiredNumber("weight", 0, maxWeight, func(d *Draw) *float64 { return &d.Weight }),
			repeatedText("routed", func(d *Draw) *string { return &d.Routed }),
			repeatedText("feature", func(d *Draw) *string { return &d.Feature }),
			repeatedText("file", func(d *Draw) *string { return &d.File }),
			count("line", func(d *Draw) *Optional[int] { return &d.Line }),
		},
		check: func(d *Draw, c *checker) {
			if d.Weight == 0 {
				c.problem("weight", "expected over 0, found 0: a request that could not be drawn was not")
			}
		},
	}
}

const maxWeight = 1e15
