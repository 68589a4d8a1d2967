package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/internal/wording"
)

func (a *app) inspectVerb() *cobra.Command {
	var words string
	var asked artifactLive
	var verify, asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Show what an artifact holds, and check it",
		Long: `Show what an artifact holds. Reading it checks format, version, checksum, vectors
and tiers. With --verify its canary texts are embedded again and their scores
compared, which catches an embedder that changed. For an artifact of word vectors
that takes their file (--word-vectors), for one of a remote model --live. One of vectors made elsewhere can only be
verified where they are made: its canaries stand in the readable copy beside it.`,
		Example: `  routeproof build --out centroids.safetensors
  routeproof inspect centroids.safetensors --verify`,
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for flag, given := range map[string]bool{"word-vectors": words != "", "live": asked.on} {
				if given && !verify {
					return fmt.Errorf("%w: --%s goes with --verify", errUsage, flag)
				}
			}
			if err := asked.check(cmd); err != nil {
				return err
			}
			if err := checkOverwrite([]string{args[0], words, asked.config}, asked.spend.journal); err != nil {
				return err
			}
			artifact, err := awaited(cmd.Context(), func() (*centroids.Artifact, error) { return centroids.Load(args[0]) })
			if err != nil {
				return err
			}
			m := artifact.Manifest()
			if verify {
				if err := a.verifyArtifact(cmd.Context(), artifact, &asked, words); err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
			}
			if asJSON {
				return a.writeJSON(m)
			}
			return a.buffered(func(w io.Writer) error {
				return printManifest(w, args[0], m, verify)
			})
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "embed the canaries again and compare")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the manifest as JSON")
	addWords(cmd, &words)
	asked.add(cmd)
	return cmd
}

// verifyArtifact embeds the canaries of an artifact again.
func (a *app) verifyArtifact(ctx context.Context, artifact *centroids.Artifact, asked *artifactLive, words string) (err error) {
	id := artifact.Manifest().Embedder
	if !isOwn(id) && id.Kind != remote.Kind {
		return fmt.Errorf("%w: --verify needs the embedder that made its vectors, kind %q, model %q, %d dims, which this program is not: classify --vectors verifies the canaries that are among its prompts",
			errUsage, id.Kind, id.Model, id.Dims)
	}
	e, err := awaited(ctx, func() (centroids.Embedder, error) { return asked.local(ctx, artifact, words) })
	if err != nil || e != nil {
		return err
	}
	s, err := asked.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	_, err = a.embedLive(ctx, s, artifact, nil)
	return err
}

// printManifest prints a manifest for people. What Load let pass is printable.
func printManifest(w io.Writer, path string, m centroids.Manifest, verified bool) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(key, format string, args ...any) { fmt.Fprintf(t, key+"\t"+format+"\n", args...) }
	line("artifact", "%s (format %d)", printable(path), m.Format)
	line("tiers", "%s", strings.Join(m.Tiers, " < "))
	line("embedder", "%s %s, %d dims", m.Embedder.Kind, m.Embedder.Model, m.Embedder.Dims)
	if m.Embedder.Digest != "" {
		line("digest", "%s", m.Embedder.Digest)
	}
	line("scorer", "%s", scorer(m))
	line("thresholds", "%s", thresholds(m))
	if m.InverseTemperature != nil {
		line("temperature", "1/%.6g", *m.InverseTemperature)
	} else {
		line("temperature", "none")
	}
	line("built from", "%s (%d unlabelled), content %s", wording.Plural(m.Dataset.Prompts, "prompt"), m.Dataset.Unlabelled, short(m.Dataset.SHA256))
	if s := m.Measured; s != nil {
		line("measured", "accuracy %.3f [%.3f, %.3f], macro-F1 %.3f on %s", s.Accuracy, s.Interval[0], s.Interval[1], s.MacroF1, wording.Plural(s.N, s.Split+" prompt"))
	} else {
		line("measured", "nothing")
	}
	for _, c := range m.Certificates {
		line("certificate", "%s, with %.7g %% confidence; shown on %s, %d of them against it (%s)", printable(c.Claim), 100*(1-c.Delta), wording.Plural(c.N, "prompt"), c.Errors, printable(c.Method))
	}
	switch {
	case len(m.Certificates) > 0:
	case acceptsAll(m):
		line("certificates", "none")
	default:
		line("certificates", "none: tuned, not certified, so nothing is guaranteed")
	}
	line("checksum", "%s", m.SHA256)
	if verified {
		line("verified", "%d canaries within %g", len(m.Canaries), m.Tolerance)
	}
	return t.Flush()
}

// scorer says how an artifact scores.
func scorer(m centroids.Manifest) string {
	switch m.Scorer {
	case centroids.ScorerLogistic:
		return "logistic model: probabilities"
	case centroids.ScorerNearest:
		return fmt.Sprintf("nearest examples: shares of %d", m.Neighbours)
	}
	return "centroid: cosines"
}

// acceptsAll tells whether an artifact refuses no decision. What refuses some
// without a certificate was tuned.
func acceptsAll(m centroids.Manifest) bool {
	for _, from := range m.Thresholds {
		if from > -1 {
			return false
		}
	}
	return m.Margin == 0
}

// thresholds says what is accepted, tier by tier. No score is below −1.
func thresholds(m centroids.Manifest) string {
	parts := make([]string, len(m.Tiers))
	for i, tier := range m.Tiers {
		switch parts[i] = tier + " accepts all"; {
		case m.Thresholds[tier] > 1: // no score is
			parts[i] = tier + " accepts nothing"
		case m.Thresholds[tier] > -1:
			parts[i] = fmt.Sprintf("%s from %g", tier, m.Thresholds[tier])
		}
	}
	return fmt.Sprintf("%s; margin %g; fallback %s", strings.Join(parts, ", "), m.Margin, m.Fallback)
}

func short(hash string) string { return hash[:min(len(hash), 12)] }
