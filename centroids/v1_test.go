package centroids_test

// What Python reads from testdata/v1.safetensors: the SHA-256 over data and
// manifest with the digits left out, computed by hashlib, and an element of
// the COMPLEX tensor, by struct.unpack.
const (
	v1Checksum = "2df1125a4ca4ab7ba5b442edacbc649355a8bc1bf2f08fad2edb15d41aa91574"
	v1Complex5 = 0.5074845552444458
)
