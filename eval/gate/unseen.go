package gate

// unseen is how much a group could change a figure, for a bound that adds one group
// more that changed for the worse and one that did for the better: a kind of change
// that happened not to occur has no spread of its own.
//
// It is the mean over groups of the most that each can change it, weighted by the
// square of that: of the variance, if all are as likely to change, each has such a
// share. So it is what nearly all large groups can change where these hold most of
// the variance, and little more than a prompt where one large group stands among
// very many.
type unseen struct{ squares, cubes float64 }

// add takes in so many groups that can change the figure by so much.
func (u *unseen) add(most float64, times int) {
	u.squares += float64(times) * most * most
	u.cubes += float64(times) * most * most * most
}

func (u *unseen) size() float64 {
	if u.squares == 0 {
		return 0
	}
	return u.cubes / u.squares
}
