// Settings of jemalloc, which reads this name at start. Blocks, bodies and batches are buffers of
// megabytes that come and go: their pages are kept for a while instead of being returned and
// faulted in again, and the kernel may back them with huge pages.

// Not declared in jemalloc's header under this name: the library looks for the symbol.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "thp:always,metadata_thp:auto";
}
