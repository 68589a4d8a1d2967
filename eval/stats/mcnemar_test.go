package stats

import "testing"

// Exact: integer sums of binomial coefficients over 2ᵈ (Python int, mpmath) up
// to d = 10200; above, mpmath sums of 50 digits. scipy's
// binomtest(min(b,c), b+c, .5).pvalue and binomtest(b, b+c, .5,
// alternative='greater').pvalue agree with every row to 3e-12 or better, which
// is scipy's own error in the far tails.
func TestMcNemarAgainstExact(t *testing.T) {
	for _, c := range []struct {
		b, c             int
		twoSided, oneway float64
	}{
		{0, 1, 1.0, 1.0},
		{1, 0, 1.0, 0.5},
		{0, 5, 0.0625, 1.0},
		{5, 0, 0.0625, 0.03125},
		{1, 1, 1.0, 0.75},
		{3, 1, 0.625, 0.3125},
		{10, 3, 0.09228515625, 0.046142578125},
		{3, 10, 0.09228515625, 0.98876953125},
		{25, 12, 0.04703102743951604, 0.02351551371975802},
		{12, 25, 0.04703102743951604, 0.9899630740401335},
		{40, 60, 0.05688793364098079, 0.9823998998911476},
		{60, 40, 0.05688793364098079, 0.028443966820490395},
		{500, 400, 0.0009564441369189461, 0.00047822206845947305},
		{5000, 5200, 0.04878796312682245, 0.9767180073201913},
		{0, 1000, 1.8665272370064378e-301, 1.0},
		{0, 1100, 0.0, 1.0},
		{80000, 80500, 0.21292755658482454, 0.8944502672796641},
		{500000, 500000, 1.0, 0.5003989421806658},
		{501000, 499000, 0.04560829986538208, 0.02280414993269104},
		{499000, 501000, 0.04560829986538208, 0.9773038320453279},
		{499999, 500001, 0.9992021156386682, 0.5011968249462321},
		{510000, 490000, 5.5443632876992246e-89, 2.7721816438496123e-89},
		{515000, 485000, 9.452406252571584e-198, 4.726203126285792e-198},
	} {
		if got := McNemar(c.b, c.c); !nearRelative(got, c.twoSided, 1e-12) {
			t.Errorf("McNemar(%d, %d) = %v, want %v", c.b, c.c, got, c.twoSided)
		}
		if got := McNemarOneSided(c.b, c.c); !nearRelative(got, c.oneway, 1e-12) {
			t.Errorf("McNemarOneSided(%d, %d) = %v, want %v", c.b, c.c, got, c.oneway)
		}
	}
}

// statsmodels 0.13.5: mcnemar([[101, 59], [33, 121]], exact=True).pvalue and with 25
// and 12; R 4.2.2: binom.test(25, 37, .5, alternative = "greater").
func TestMcNemarAgainstStatsmodelsAndR(t *testing.T) {
	if got := McNemar(59, 33); !nearRelative(got, 0.008780930806975229, 1e-12) {
		t.Errorf("two-sided: %v", got)
	}
	if got := McNemar(25, 12); !nearRelative(got, 0.04703102743951604, 1e-12) {
		t.Errorf("two-sided: %v", got)
	}
	if got := McNemarOneSided(25, 12); !nearRelative(got, 0.023515513719758054, 1e-12) {
		t.Errorf("one-sided: %v", got)
	}
}

func TestMcNemarNoDiscordantPairs(t *testing.T) {
	if got := McNemar(0, 0); got != 1 {
		t.Errorf("two-sided: %v", got)
	}
	if got := McNemarOneSided(0, 0); got != 1 {
		t.Errorf("one-sided: %v", got)
	}
}

// TestMcNemarEnumerated compares every small case with 2⁻ᵈ times a count of the
// d-bit words, an enumeration without any formula.
func TestMcNemarEnumerated(t *testing.T) {
	for d := 1; d <= 14; d++ {
		words := make([]int, d+1) // by number of ones
		for w := range 1 << d {
			ones := 0
			for ; w > 0; w >>= 1 {
				ones += w & 1
			}
			words[ones]++
		}
		for b := range d + 1 {
			atLeast, extreme := 0, 0
			for ones, n := range words {
				if ones >= b {
					atLeast += n
				}
				if ones <= min(b, d-b) {
					extreme += 2 * n
				}
			}
			all := float64(int(1) << d)
			if got, want := McNemarOneSided(b, d-b), float64(atLeast)/all; !nearRelative(got, want, 1e-13) {
				t.Errorf("one-sided b=%d d=%d: %v, want %v", b, d, got, want)
			}
			if got, want := McNemar(b, d-b), min(1, float64(extreme)/all); !nearRelative(got, want, 1e-13) {
				t.Errorf("two-sided b=%d d=%d: %v, want %v", b, d, got, want)
			}
		}
	}
}

// mpmath: loggamma(x+1) − log(2πx)/2 − x·log(x) + x.
func TestStirlingError(t *testing.T) {
	for _, c := range []struct{ x, want float64 }{
		{1, 0.08106146679532726},
		{2, 0.0413406959554093},
		{3, 0.02767792568499834},
		{5, 0.016644691189821193},
		{7, 0.01189670994589177},
		{8, 0.010411265261972096},
		{9, 0.009255462182712733},
		{15, 0.005554733551962801},
		{100, 0.0008333305556349147},
		{12345, 6.750371268943404e-06},
	} {
		if got := stirlingError(c.x); !near(got, c.want, 2e-15) {
			t.Errorf("stirlingError(%v) = %v, want %v", c.x, got, c.want)
		}
	}
}

func TestMcNemarPanics(t *testing.T) {
	wantPanic(t, "b", "stats: negative count", func() { McNemar(-1, 3) })
	wantPanic(t, "c", "stats: negative count", func() { McNemarOneSided(1, -3) })
}

func BenchmarkMcNemarMillion(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		McNemar(499500, 500500)
	}
}
