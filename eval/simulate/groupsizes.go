package simulate

import "github.com/routeproof/routeproof/eval/stats"

// groupSizes counts the requests of groups, which are numbered from 0 on without large
// gaps, in half a byte each.
type groupSizes struct {
	small   []uint8         // sizes up to smallest in four bits, two of them in a byte
	large   map[int32]int64 // by how much others are larger
	n       int64           // requests
	squares int64           // of the sizes, summed
}

const smallest = 1<<4 - 1

// add adds a request, and tells whether it is the first of its group.
func (g *groupSizes) add(group int32) bool {
	size := g.size(group)
	g.grow(group, 1)
	return size == 0
}

func (g *groupSizes) size(group int32) int64 {
	if int(group/2) >= len(g.small) {
		return 0
	}
	return int64(g.small[group/2]>>(group%2*4)&smallest) + g.large[group]
}

// grow adds so many requests.
func (g *groupSizes) grow(group int32, by int64) {
	if at := int(group / 2); at >= len(g.small) {
		g.small = append(g.small, make([]uint8, at+1-len(g.small))...)
	}
	size := g.size(group)
	g.n += by
	g.squares += by * (2*size + by)
	size += by
	shift := group % 2 * 4
	g.small[group/2] = g.small[group/2]&^(smallest<<shift) | uint8(min(size, smallest))<<shift
	if size > smallest {
		if g.large == nil {
			g.large = map[int32]int64{}
		}
		g.large[group] = size - smallest
	}
}

// join adds those of another.
func (g *groupSizes) join(other *groupSizes) {
	for at, both := range other.small {
		for k := range int32(2) {
			if both>>(4*k)&smallest > 0 {
				group := 2*int32(at) + k
				g.grow(group, other.size(group))
			}
		}
	}
}

// effective is how many groups they count for, see [stats.EffectiveSize].
func (g *groupSizes) effective() float64 {
	return stats.EffectiveSize(float64(g.n), float64(g.squares))
}
