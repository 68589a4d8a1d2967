package centroids_test

// What Python reads from testdata/v1.safetensors: the SHA-256 over data and
// manifest with the digits left out, computed by hashlib, and an element of
// the COMPLEX tensor, by struct.unpack.
const (
	v1Checksum = "148a7b8bfbb95314ba3181291d7d29474a93cea397a517553dc7626ab73a370f"
	v1Complex5 = 0.5074845552444458
)
