// Package svgplot draws the plots of a report as SVG files: pure functions from plain numbers to bytes.
//
// [Dots] compares values with their intervals, [Confusion] shows where predictions fall, [Boxes] shows how scores
// spread, [Scatter] sets cost against quality, [Lines] draws curves of both, [Reliability] sets how often predictions are
// right against how sure they were. Each function lays its picture out top to bottom on a canvas (canvas.go)
// that escapes every text, formats every number, and is closed with a size, a <title> and a <desc>.
//
// What holds for all of them:
//   - The same arguments give the same bytes. Nothing is read but the arguments: no clock, no randomness, no map order.
//   - Lengths are in pixels of the SVG user space, x to the right, y downwards, at most two decimals. A picture is 720
//     wide, wider only if it has more columns than fit; its height follows from its content.
//   - Text is untrusted. It is escaped; white space is collapsed; control and formatting characters, and bytes that
//     are not UTF-8, become U+FFFD; what is too long loses its middle to an ellipsis. An empty name reads "(unnamed)".
//   - A number that cannot be drawn (NaN, infinite, magnitude above 1e100, or not positive on a logarithmic axis) is
//     left out and a note under the plot names it. Where nothing is left to draw the plot says "no data". Nothing
//     panics, whatever the lengths of the slices.
//   - Colours are those of Okabe and Ito (2008), "Color Universal Design". Whatever a colour means is also said by a
//     shape, a position, a number or a word.
//   - The background is opaque white, so that a picture reads the same on a light and on a dark page.
//
// A format function turns an axis value into its label ("81.2%", "$0.40"). It is only ever called with finite numbers;
// nil means at most four significant digits.
package svgplot
