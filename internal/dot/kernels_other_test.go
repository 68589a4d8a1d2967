//go:build !amd64 || purego || noasm

package dot

// kernels are the ways to sum lanes that this processor has.
func kernels() map[string]kernel { return map[string]kernel{"Go": {lanesGo, lanes4Go}} }
