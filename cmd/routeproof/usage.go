package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/routeproof/routeproof/internal/wording"
)

// takes refuses fewer or more arguments; most may be any, below 0.
func takes(least, most int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		expected := wording.Plural(least, "argument")
		if most != least {
			expected += " at least"
		}
		switch n := len(args); {
		case n < least && n == 0:
			return fmt.Errorf("expected %s, found none", expected)
		case n < least:
			return fmt.Errorf("expected %s, found %d", expected, n)
		case most == 0 && n > 0:
			return fmt.Errorf("expected flags only, found the argument %s", wording.Quote(args[0]))
		case most >= 0 && n > most:
			return fmt.Errorf("expected %s at most, found %d: the first too many is %s", wording.Plural(most, "argument"), n, wording.Quote(args[most]))
		}
		return nil
	}
}

// flagError says what was expected of a flag that cobra refused.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var wrong *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		return fmt.Errorf("%w%s", err, wording.DidYouMean("--"+unknown.GetSpecifiedName(), names))
	case errors.As(err, &wrong):
		f := wrong.GetFlag()
		expected := map[string]string{
			"int": "a whole number", "uint64": "a whole number of at least 0", "float64": "a number", "bool": "true or false",
		}[f.Value.Type()]
		if expected != "" {
			return fmt.Errorf("--%s: expected %s, found %s", f.Name, expected, wording.Quote(wrong.GetValue()))
		}
	}
	return err
}

// usage is how a verb is used: where to read on, and before it the one line of a
// verb that does something.
func usage(verb *cobra.Command) string {
	text := fmt.Sprintf("See %s --help.", verb.CommandPath())
	if verb.HasSubCommands() {
		return text
	}
	return "Usage: " + verb.UseLine() + "\n" + text
}

// helpWriter keeps the first error of what cobra prints, which does not look at
// it.
type helpWriter struct {
	to  io.Writer
	err error
}

func (w *helpWriter) Write(text []byte) (int, error) {
	n, err := w.to.Write(text)
	if w.err == nil {
		w.err = err
	}
	return n, err
}
