package eval

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The labels are literal; all figures come from one run of scikit-learn 1.2.1,
// with L = range(tiers) and t, p the two lists of labels:
//
//	accuracy   accuracy_score(t, p)
//	macroF1    f1_score(t, p, average='macro', zero_division=0)
//	balanced   balanced_accuracy_score(t, p)
//	kappa      cohen_kappa_score(t, p, weights='quadratic', labels=L)
//	precision  precision_score(t, p, labels=L, average=None, zero_division=0)
//	recall     recall_score(t, p, labels=L, average=None, zero_division=0)
//	f1         f1_score(t, p, labels=L, average=None, zero_division=0)
//	confusion  confusion_matrix(t, p, labels=L)
var scikitLearn = []struct {
	name                               string
	tiers                              int
	truth, predicted                   string
	accuracy, macroF1, balanced, kappa float64
	precision, recall, f1              []float64
	confusion                          [][]int
}{
	{
		name: "balanced", tiers: 4,
		truth:     "323023303100101230101230102202202032232132130323223103030120",
		predicted: "323023323100001300102032112103232022233120131321223100331330",
		accuracy:  0.6333333333333333, macroF1: 0.6333556149732621, balanced: 0.6409926470588235, kappa: 0.5544554455445545,
		precision: []float64{0.6666666666666666, 0.5833333333333334, 0.6666666666666666, 0.6111111111111112},
		recall:    []float64{0.5882352941176471, 0.7, 0.5882352941176471, 0.6875},
		f1:        []float64{0.625, 0.6363636363636365, 0.625, 0.6470588235294118},
		confusion: [][]int{{10, 3, 2, 2}, {1, 7, 1, 1}, {2, 1, 10, 4}, {2, 1, 2, 11}},
	},
	{
		name: "imbalanced", tiers: 4,
		truth:     "0102110111021100212101100111112101021101100211001111011130111010111211",
		predicted: "1012120113021222210101100201211101121121002310012211010112111000331213",
		accuracy:  0.5857142857142857, macroF1: 0.422514619883041, balanced: 0.4461890243902439, kappa: 0.2977346278317152,
		precision: []float64{0.6111111111111112, 0.8064516129032258, 0.3125, 0},
		recall:    []float64{0.55, 0.6097560975609756, 0.625, 0},
		f1:        []float64{0.5789473684210527, 0.6944444444444445, 0.4166666666666667, 0},
		confusion: [][]int{{11, 4, 5, 0}, {6, 25, 6, 4}, {1, 1, 5, 1}, {0, 1, 0, 0}},
	},
	{
		name: "tier never predicted", tiers: 4,
		truth:     "300230231110233112210120331211111122001101010121120202302310",
		predicted: "112210202010100112220120001111111100001111010121120202102210",
		accuracy:  0.6833333333333333, macroF1: 0.5479166666666667, balanced: 0.5944805194805195, kappa: 0.248046875,
		precision: []float64{0.6, 0.7307692307692307, 0.7142857142857143, 0},
		recall:    []float64{0.8, 0.8636363636363636, 0.7142857142857143, 0},
		f1:        []float64{0.6857142857142857, 0.7916666666666666, 0.7142857142857143, 0},
		confusion: [][]int{{12, 2, 1, 0}, {1, 19, 2, 0}, {2, 2, 10, 0}, {5, 3, 1, 0}},
	},
	{
		name: "tier absent from truth", tiers: 4,
		truth:     "101311013031003311001311030101101131110001113013331101011011",
		predicted: "102311010010003322001311033111101230330003313013331102011311",
		accuracy:  0.7333333333333333, macroF1: 0.5731792717086835, balanced: 0.7666666666666667, kappa: 0.631367292225201,
		precision: []float64{0.8333333333333334, 0.9047619047619048, 0, 0.625},
		recall:    []float64{0.8333333333333334, 0.6333333333333333, 0, 0.8333333333333334},
		f1:        []float64{0.8333333333333334, 0.7450980392156863, 0, 0.7142857142857143},
		confusion: [][]int{{15, 1, 0, 2}, {2, 19, 5, 4}, {0, 0, 0, 0}, {1, 1, 0, 10}},
	},
	{
		name: "tier absent from both", tiers: 5,
		truth:     "311304111104300111013410140311300400100403404001440141113440",
		predicted: "111301141104300100003433140011300403110010104304340141113440",
		accuracy:  0.7, macroF1: 0.6853632478632479, balanced: 0.6885374493927126, kappa: 0.6137787056367432,
		precision: []float64{0.7, 0.7368421052631579, 0, 0.5, 0.8181818181818182},
		recall:    []float64{0.7368421052631579, 0.7, 0, 0.625, 0.6923076923076923},
		f1:        []float64{0.717948717948718, 0.717948717948718, 0, 0.5555555555555556, 0.7500000000000001},
		confusion: [][]int{{14, 2, 0, 3, 0}, {3, 14, 0, 1, 2}, {0, 0, 0, 0, 0}, {2, 1, 0, 5, 0}, {1, 2, 0, 1, 9}},
	},
	{
		name: "worse than chance", tiers: 3,
		truth:     "2101121200220201202020012220101211122011",
		predicted: "1212022102201100220000112102200111000121",
		accuracy:  0.325, macroF1: 0.3247863247863248, balanced: 0.33034188034188033, kappa: 0.008264462809917439,
		precision: []float64{0.3333333333333333, 0.3076923076923077, 0.3333333333333333},
		recall:    []float64{0.4166666666666667, 0.3076923076923077, 0.26666666666666666},
		f1:        []float64{0.3703703703703704, 0.3076923076923077, 0.2962962962962963},
		confusion: [][]int{{5, 4, 3}, {4, 4, 5}, {6, 5, 4}},
	},
	{
		name: "two tiers", tiers: 2,
		truth:     "11001100100011001000000000000010000010100000011000",
		predicted: "10001010100011001000000001001011100010100001111001",
		accuracy:  0.8, macroF1: 0.770220588235294, balanced: 0.814968814968815, kappa: 0.5479204339963835,
		precision: []float64{0.9354838709677419, 0.5789473684210527},
		recall:    []float64{0.7837837837837838, 0.8461538461538461},
		f1:        []float64{0.8529411764705881, 0.6875},
		confusion: [][]int{{29, 8}, {2, 11}},
	},
	{
		name: "eight tiers", tiers: 8,
		truth:     "62622736420277560600707337154043353113545222622514610622646745570577736241734615",
		predicted: "67522766132622550530737755114003367013557623660564514057226765550312736734704356",
		accuracy:  0.4125, macroF1: 0.41667817476641006, balanced: 0.419223137973138, kappa: 0.3702861247456003,
		precision: []float64{0.4444444444444444, 0.5, 0.3333333333333333, 0.36363636363636365, 0.6, 0.3333333333333333, 0.38461538461538464, 0.5},
		recall:    []float64{0.5, 0.42857142857142855, 0.23076923076923078, 0.4444444444444444, 0.3333333333333333, 0.5, 0.4166666666666667, 0.5},
		f1:        []float64{0.47058823529411764, 0.4615384615384615, 0.27272727272727276, 0.39999999999999997, 0.42857142857142855, 0.4, 0.4, 0.5},
		confusion: [][]int{{4, 0, 1, 2, 1, 0, 0, 0}, {1, 3, 0, 0, 1, 1, 1, 0}, {1, 0, 3, 2, 0, 1, 3, 3}, {1, 0, 0, 4, 0, 1, 1, 2}, {1, 1, 1, 1, 3, 1, 1, 0}, {0, 1, 0, 1, 0, 5, 2, 1}, {1, 0, 1, 1, 0, 4, 5, 0}, {0, 1, 3, 0, 0, 2, 0, 6}},
	},
	{
		name: "all right", tiers: 3,
		truth:     "0122110",
		predicted: "0122110",
		accuracy:  1, macroF1: 1, balanced: 1, kappa: 1,
		precision: []float64{1, 1, 1},
		recall:    []float64{1, 1, 1},
		f1:        []float64{1, 1, 1},
		confusion: [][]int{{2, 0, 0}, {0, 3, 0}, {0, 0, 2}},
	},
}

func TestMetricsAgainstScikitLearn(t *testing.T) {
	for _, c := range scikitLearn {
		t.Run(c.name, func(t *testing.T) {
			truth, tiers := digits(c.truth), digits(c.predicted)
			r := evaluate(t, c.tiers, costsOf(c.tiers), testItems(truth), predicted("it", tiers))
			s := r.Classifiers[0]
			if diff := cmp.Diff(c.confusion, s.Confusion.Counts()); diff != "" {
				t.Errorf("confusion (-want +got):\n%s", diff)
			}
			for _, f := range []struct {
				name string
				got  Number
				want float64
			}{
				{"accuracy", s.Accuracy.Value, c.accuracy},
				{"macro-F1", s.MacroF1.Value, c.macroF1},
				{"balanced accuracy", s.BalancedAccuracy.Value, c.balanced},
				{"quadratic kappa", s.QuadraticKappa.Value, c.kappa},
			} {
				if !near(f.got, f.want) {
					t.Errorf("%s: %v, want %v", f.name, f.got, f.want)
				}
			}
			for k, tier := range s.PerTier {
				support, chosen := count(truth, k), count(tiers, k)
				for _, f := range []struct {
					name      string
					got       Number
					want      float64
					undefined bool // 0/0: NaN here, 0 by zero_division=0 there
				}{
					{"precision", tier.Precision.Value, c.precision[k], chosen == 0},
					{"recall", tier.Recall.Value, c.recall[k], support == 0},
					{"F1", tier.F1, c.f1[k], support+chosen == 0},
				} {
					if f.undefined {
						f.want = math.NaN()
					}
					if !near(f.got, f.want) {
						t.Errorf("%s of %s: %v, want %v", f.name, tier.Tier, f.got, f.want)
					}
				}
				if tier.Support != float64(support) || tier.Predicted != float64(chosen) {
					t.Errorf("%s: support %v, predicted %v, want %d, %d", tier.Tier, tier.Support, tier.Predicted, support, chosen)
				}
			}
		})
	}
}

func count(values []int, v int) int {
	n := 0
	for _, x := range values {
		if x == v {
			n++
		}
	}
	return n
}

func TestRoutingErrors(t *testing.T) {
	for _, c := range scikitLearn {
		var under, over, distance float64
		truth, tiers := digits(c.truth), digits(c.predicted)
		for i := range truth {
			switch {
			case tiers[i] < truth[i]:
				under++
				distance += float64(truth[i] - tiers[i])
			case tiers[i] > truth[i]:
				over++
				distance += float64(tiers[i] - truth[i])
			}
		}
		n := float64(len(truth))
		s := evaluate(t, c.tiers, costsOf(c.tiers), testItems(truth), predicted("it", tiers)).Classifiers[0]
		if !near(s.UnderRouting.Value, under/n) || !near(s.OverRouting.Value, over/n) || !near(s.MeanTierError, distance/n) {
			t.Errorf("%s: under %v, over %v, distance %v, want %v, %v, %v",
				c.name, s.UnderRouting.Value, s.OverRouting.Value, s.MeanTierError, under/n, over/n, distance/n)
		}
	}
}

func TestUndefinedMetrics(t *testing.T) {
	cell := NewConfusion(3)
	cell[1][1] = 7
	empty := NewConfusion(3)
	nan := math.NaN()
	for _, c := range []struct {
		name string
		got  float64
		want float64
	}{
		{"kappa of one cell", cell.QuadraticKappa(), nan},
		{"accuracy of one cell", cell.Accuracy(), 1},
		{"macro-F1 of one cell", cell.MacroF1(), 1},
		{"balanced accuracy of one cell", cell.BalancedAccuracy(), 1},
		{"recall of an absent tier", cell.Recall(0), nan},
		{"total of nothing", empty.Total(), 0},
		{"accuracy of nothing", empty.Accuracy(), nan},
		{"under-routing of nothing", empty.UnderRouting(), nan},
		{"over-routing of nothing", empty.OverRouting(), nan},
		{"mean error of nothing", empty.MeanTierError(), nan},
		{"macro-F1 of nothing", empty.MacroF1(), nan},
		{"balanced accuracy of nothing", empty.BalancedAccuracy(), nan},
		{"kappa of nothing", empty.QuadraticKappa(), nan},
		{"precision of nothing", empty.Precision(0), nan},
	} {
		if !near(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}

// Decisions that do not depend on the truth have kappa 0, by definition.
func TestKappaOfIndependentDecisions(t *testing.T) {
	c := Confusion{{2, 6, 4}, {1, 3, 2}, {5, 15, 10}}
	if got := c.QuadraticKappa(); math.Abs(got) > 1e-15 {
		t.Errorf("kappa %v, want 0", got)
	}
}
