//go:build !purego && !noasm

package dot

// kernels are the ways to sum lanes that this processor has.
func kernels() map[string]kernel {
	of := map[string]kernel{"Go": {lanesGo, lanes4Go}}
	if fma {
		of["FMA"] = kernel{lanesFMA, lanes4FMA}
	}
	if avx512 {
		of["AVX-512"] = kernel{lanes512, lanes4x512}
	}
	return of
}
