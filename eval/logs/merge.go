package logs

import "errors"

// ErrSettings is the error of tallies that were read with other tiers or another
// artifact, and cannot be merged.
var ErrSettings = errors.New("logs: tallies of different settings")

// Merge adds what a later part of the log adds up to. Sums, counts and quantiles
// are then those of one reading of both; lines that stand in both parts were not
// found to be repeated. o stays as it was.
func (t *Tally) Merge(o *Tally) error {
	if len(t.byTier) != len(o.byTier) || (t.drift == nil) != (o.drift == nil) {
		return ErrSettings
	}
	t.lines, t.blank = t.lines+o.lines, t.blank+o.blank
	t.faults.merge(&o.faults)
	t.unread = append(t.unread, o.unread...)
	t.outside, t.repeated, t.clashing, t.alike = t.outside+o.outside, t.repeated+o.repeated, t.clashing+o.clashing, t.alike+o.alike
	t.alikeUSD.merge(o.alikeUSD)
	t.all.merge(&o.all)
	t.noTier.merge(&o.noTier)
	t.fees.merge(&o.fees)
	t.computed.merge(&o.computed)
	t.dearest.merge(&o.dearest)
	t.starts.merge(&o.starts)
	for k := range o.byTier {
		t.byTier[k].merge(&o.byTier[k])
	}
	if o.first != 0 && (t.first == 0 || o.first < t.first) {
		t.first = o.first
	}
	t.last = max(t.last, o.last)
	t.timeless += o.timeless
	for k, m := range o.byModel {
		if m == nil {
			continue
		}
		if k < MaxModels {
			k = t.models.of(o.models.list[k])
		}
		if t.byModel[k] == nil {
			t.byModel[k] = new(spend)
		}
		t.byModel[k].merge(m)
	}
	for k, f := range o.byFeature {
		if f == nil {
			continue
		}
		if k < MaxFeatures {
			k = t.features.of(o.features.list[k])
		}
		if t.byFeature[k] == nil {
			t.byFeature[k] = newFeatureTally(len(t.byTier))
		}
		t.byFeature[k].merge(f)
	}
	if t.drift != nil {
		t.drift.merge(o.drift)
	}
	return nil
}

func (f *featureTally) merge(o *featureTally) {
	f.spend.merge(&o.spend)
	f.timeless += o.timeless
	f.starts.merge(&o.starts)
	for k, n := range o.tiers {
		f.tiers[k] += n
	}
	for day, s := range o.days {
		if f.days[day] == nil {
			f.days[day] = new(spend)
		}
		f.days[day].merge(s)
	}
}
