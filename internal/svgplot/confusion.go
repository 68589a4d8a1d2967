package svgplot

import (
	"fmt"
	"math"
	"strconv"
)

// Confusion draws a confusion matrix as a heat map: tiers from cheap to dear, a row for each true tier, a column for each
// predicted tier, counts[truth][predicted]. A cell shows its count and its share of the row in percent, and is the darker the
// greater that share; on the right stand the row totals. Cells on the diagonal are outlined (correct); those to the left of it
// are under-routed (a cheaper tier than the truth), those to the right over-routed (a dearer one). A row without prompts
// says so. Missing cells count as 0; negative counts and cells without a tier are left out and noted.
func Confusion(title string, tiers []string, counts [][]int) []byte {
	m := newMatrix(tiers, counts)
	m.width = max(pageWidth, margin*2+120+m.totalWidth+float64(len(tiers))*smallestCell)
	y := m.heading(title)
	if len(tiers) == 0 || m.total() == 0 {
		y = m.noData(y + 12)
	} else {
		y = m.draw(y + 12)
	}
	return m.finish(m.notes(y+4, m.notice), title, m.describe())
}

const (
	smallestCell = 56.0
	largestCell  = 130.0
	cellHeight   = 46.0
)

// A matrix is a confusion matrix being drawn.
type matrix struct {
	canvas
	tiers      []string
	cells      [][]int // len(tiers) square, each at least 0
	rows       []int   // row totals
	notice     []string
	totalWidth float64 // of the column of row totals
	x, y, cell float64 // corner of the first cell, and cell width
}

// newMatrix squares and checks the counts.
func newMatrix(tiers []string, counts [][]int) *matrix {
	m := &matrix{tiers: tiers, cells: make([][]int, len(tiers)), rows: make([]int, len(tiers)), totalWidth: 70}
	negative, beyond := 0, 0
	for i, row := range counts {
		for j, n := range row {
			switch {
			case i >= len(tiers) || j >= len(tiers):
				beyond++
			case n < 0:
				negative++
			}
		}
	}
	for i := range tiers {
		m.cells[i] = make([]int, len(tiers))
		for j := range tiers {
			if i < len(counts) && j < len(counts[i]) && counts[i][j] > 0 {
				m.cells[i][j] = counts[i][j]
				m.rows[i] = plus(m.rows[i], counts[i][j])
			}
		}
	}
	if negative > 0 {
		m.notice = append(m.notice, fmt.Sprintf("Left out, negative: %d of the counts.", negative))
	}
	if beyond > 0 {
		m.notice = append(m.notice, fmt.Sprintf("Left out, in a row or column without a tier: %d of the counts.", beyond))
	}
	return m
}

// plus adds counts, stopping at the greatest int.
func plus(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

func (m *matrix) total() int {
	n := 0
	for _, r := range m.rows {
		n = plus(n, r)
	}
	return n
}

// sides counts the prompts below, on and above their true tier.
func (m *matrix) sides() (under, correct, over int) {
	for i, row := range m.cells {
		for j, n := range row {
			switch {
			case j < i:
				under = plus(under, n)
			case j == i:
				correct = plus(correct, n)
			default:
				over = plus(over, n)
			}
		}
	}
	return under, correct, over
}

// percent writes n of total as a whole percentage that says 0% and 100% only of none and all. total is positive.
func percent(n, total int) string {
	share := 100 * float64(n) / float64(total)
	switch {
	case n > 0 && share <= 0.5:
		return "<1%"
	case n < total && share >= 99.5:
		return ">99%"
	}
	return strconv.FormatFloat(share, 'f', 0, 64) + "%"
}

// draw draws the matrix with its heads from y on and returns the y of its lower edge.
func (m *matrix) draw(y float64) float64 {
	names := make([]string, len(m.tiers))
	for i, t := range m.tiers {
		names[i] = named(t)
	}
	n := float64(len(m.tiers))
	nameWidth := max(widest(names, textSize, true, 150), 60)
	m.cell = min(largestCell, (m.width-2*margin-nameWidth-12-m.totalWidth)/n)
	if lack := smallestCell - m.cell; lack > 0 { // names give way to cells
		m.cell, nameWidth = smallestCell, nameWidth-lack*n
	}
	m.x = margin + nameWidth + 12
	heads := make([][]string, len(names))
	most := 1
	for j, name := range names {
		heads[j] = wrap(name, m.cell-6, smallSize, true, 4)
		most = max(most, len(heads[j]))
	}
	m.directions(y + 12)
	base := y + 30 + float64(most-1)*13 // of the last line of the column heads
	for j, lines := range heads {
		m.textLines(m.x+(float64(j)+0.5)*m.cell, base-float64(len(lines)-1)*13, 13, lines, font{size: smallSize, bold: true, anchor: "middle"})
	}
	m.text(margin, base, "true tier", font{size: smallSize, fill: muted})
	m.text(m.x+n*m.cell+m.totalWidth-4, base, "prompts", font{size: smallSize, fill: muted, anchor: "end"})
	m.y = base + 8
	for i := range m.cells {
		m.row(i, names[i], nameWidth)
	}
	for i := range m.cells { // after the fills, so that no neighbour covers an outline
		if at := float64(i); m.rows[i] > 0 {
			m.rect(m.x+at*m.cell+1, m.y+at*cellHeight+1, m.cell-2, cellHeight-2, paint{class: "correct", stroke: ink, width: 2.5})
		}
	}
	return m.legend(m.y + n*cellHeight + 12)
}

// directions says above the columns, with the baseline at y, which way is cheap.
func (m *matrix) directions(y float64) {
	right := m.x + float64(len(m.tiers))*m.cell
	f := font{size: smallSize, fill: muted}
	m.text((m.x+right)/2, y, "predicted tier", font{size: smallSize, fill: muted, anchor: "middle"})
	room := (right-m.x)/2 - textWidth("predicted tier", smallSize, false)/2
	if room < textWidth("cheaper", smallSize, false)+20 {
		return // two narrow columns: the legend says it
	}
	m.polyline([]float64{m.x + 7, y - 8, m.x + 1, y - 4, m.x + 7, y}, true, paint{fill: muted})
	m.text(m.x+11, y, "cheaper", f)
	f.anchor = "end"
	m.polyline([]float64{right - 7, y - 8, right - 1, y - 4, right - 7, y}, true, paint{fill: muted})
	m.text(right-11, y, "dearer", f)
}

// row draws the cells of true tier i, with its name on the left and its total on the right.
func (m *matrix) row(i int, name string, nameWidth float64) {
	top := m.y + float64(i)*cellHeight
	middle := top + cellHeight/2
	lines := wrap(name, nameWidth, textSize, true, 3)
	m.textLines(margin, middle+4-float64(len(lines)-1)*7, 14, lines, font{class: "label", bold: true})
	right := m.x + float64(len(m.tiers))*m.cell
	totalText, totalSize := fitCount(m.rows[i], m.totalWidth-12, textSize, false)
	m.text(right+m.totalWidth-4, middle+4, totalText, font{size: totalSize, class: "total", anchor: "end"})
	if m.rows[i] == 0 {
		m.rect(m.x, top, right-m.x, cellHeight, paint{class: "empty", fill: "#f3f3f3", stroke: white, width: 2})
		m.text((m.x+right)/2, middle+4, "no prompts", font{class: "empty", size: smallSize, fill: muted, anchor: "middle"})
		return
	}
	for j, n := range m.cells[i] {
		x := m.x + float64(j)*m.cell
		share := float64(n) / float64(m.rows[i])
		fill := shade(sideColour(i, j), share)
		text := onto(fill)
		m.rect(x, top, m.cell, cellHeight, paint{class: "cell", fill: hex(fill), stroke: white, width: 2})
		number, size := fitCount(n, m.cell-10, 14, true)
		m.text(x+m.cell/2, middle, number, font{class: "count", size: size, bold: true, fill: text, anchor: "middle"})
		m.text(x+m.cell/2, middle+15, percent(n, m.rows[i]), font{class: "share", size: smallSize, fill: text, anchor: "middle"})
	}
}

// legend draws the three kinds of cells with their shares of all prompts, from y on, and returns the y below.
func (m *matrix) legend(y float64) float64 {
	under, correct, over := m.sides()
	total := m.total()
	line := func(n int, word, meaning string) string {
		return fmt.Sprintf("%s: %s of %s prompts (%s), %s", word, count(n), count(total), percent(n, total), meaning)
	}
	for _, k := range []struct {
		i, j int // a cell of the kind
		text string
	}{
		{1, 0, line(under, "under-routed", "left of the diagonal: a cheaper tier than the truth")},
		{0, 0, line(correct, "correct", "outlined")},
		{0, 1, line(over, "over-routed", "right of the diagonal: a dearer tier than the truth")},
	} {
		m.rect(margin, y+1, 12, 12, paint{fill: hex(shade(sideColour(k.i, k.j), 0.7))})
		if k.i == k.j {
			m.rect(margin+1, y+2, 10, 10, paint{stroke: ink, width: 2})
		}
		m.text(margin+20, y+11, shorten(k.text, m.width-2*margin-20, smallSize, false), font{class: "legend", size: smallSize})
		y += 18
	}
	m.text(margin, y+11, "A cell: number of prompts, and share of its row. The darker, the greater the share.", font{size: smallSize, fill: muted})
	return y + 14
}

// describe says the matrix in words.
func (m *matrix) describe() string {
	total := m.total()
	if total == 0 {
		return "Confusion matrix. No data."
	}
	under, correct, over := m.sides()
	s := fmt.Sprintf("Confusion matrix, rows true tier, columns predicted tier: %d prompts, %d correct, %d under-routed, %d over-routed.",
		total, correct, under, over)
	for i, row := range m.cells {
		s += " " + named(m.tiers[i]) + ":"
		for j, n := range row {
			if j > 0 {
				s += ","
			}
			s += " " + strconv.Itoa(n)
		}
		s += "."
	}
	return s
}
