// Package cuda finds what running on NVIDIA devices takes and starts it: XLA's
// plug-in for CUDA and NVIDIA's libraries, both out of the wheels that
// `pip install "jax[cuda13]"` puts into any Python environment. No Python runs,
// and nothing is compiled against CUDA.
//
// [Find] looks and explains; [Open] loads and starts. The plug-in takes the
// memory of the devices once, so a process has one client, whose devices are
// shared by all that use them.
package cuda
