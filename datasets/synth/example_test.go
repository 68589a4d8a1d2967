package synth_test

import (
	"fmt"
	"os"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/synth"
)

func ExampleDeriver() {
	d, err := synth.NewDeriver(datasets.Ladder{{Tier: "T1", Model: "small"}, {Tier: "T2", Model: "large"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range []datasets.Outcome{
		{ID: "a", Model: "small", Prompt: "2 + 2?", Score: datasets.Known(1.0)},
		{ID: "b", Model: "small", Prompt: "Is P = NP?", Score: datasets.Known(0.0)},
		{ID: "b", Model: "large", Score: datasets.Known(0.0)},
		{ID: "c", Model: "large", Prompt: "Why?", Score: datasets.Known(1.0)},
	} {
		if err := d.Add(&o); err != nil {
			fmt.Println(err)
		}
	}
	derived, err := d.Derived()
	fmt.Println(derived.PerTier, derived.None, derived.LeftOut.NoOutcome, err)
	// Output: [1 0] 1 1 <nil>
}

func ExampleGenerator() {
	c := synth.Default()
	c.Seed = 7
	g, err := synth.New(c)
	if err != nil {
		fmt.Println(err)
		return
	}
	jsonl, err := datasets.FormatOf("prompts.jsonl")
	if err != nil {
		fmt.Println(err)
		return
	}
	columns := datasets.WriteOptions{Columns: []string{"tier", "task_type"}}
	if err := datasets.Prompts(nil).Write(os.Stdout, jsonl, columns, g.Prompts(2)); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"id":"synth-0","prompt":"Plingdeng, flertlain deng praing, pristplooflou pli. Speartspaik plert, stroon stroon flest. Speangfairt spouck flest lairtfean speart deng floock, proocktainprirt flertstroon meand strirt deng stroon. Pritist speart, ceast plest. Strenvai 568 stroon deng loond maistdi dirtdookfloost wingploock spestcoock?","tier":"COMPLEX","task_type":"classification"}
	// {"id":"synth-1","prompt":"Streast floock flenleast deng doost. Leataind wourd fou deng, loon.","tier":"SIMPLE","task_type":"extraction"}
}
