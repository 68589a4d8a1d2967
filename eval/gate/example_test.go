package gate_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/gate"
)

// Two files of predictions, of which the second is wrong more often.
func ExampleDecide() {
	file := func(wrong int) string {
		var b strings.Builder
		b.WriteString("id,classifier,tier,predicted\n")
		for i := range 200 {
			predicted := "MEDIUM"
			if i < wrong {
				predicted = "SIMPLE"
			}
			fmt.Fprintf(&b, "p%d,rule,MEDIUM,%s\n", i, predicted)
		}
		return b.String()
	}
	read := func(name, content string) *gate.Side {
		source := gate.Source{Name: name, Tiers: centroids.DefaultTiers()}
		side, err := gate.NewSide(source, func(visit func(*datasets.Prediction) error) error {
			_, err := datasets.Predictions().Scan(strings.NewReader(content), name, nil, visit)
			return err
		})
		if err != nil {
			panic(err)
		}
		return side
	}
	verdict, err := gate.Decide(context.Background(), read("before.csv", file(20)), read("after.csv", file(35)), gate.Rules{}, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(verdict.Why)
	fmt.Println(verdict.Classifiers[0].Why)
	// Output:
	// Regressed: "rule".
	// Accuracy: 82.5 %, was 90.0 %, on 200 prompts; 15 prompts changed for the worse, 0 for the better. That is worse by more than chance explains (p < 0.0001).
}
