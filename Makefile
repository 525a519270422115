# For developers; users need only ./run and ./test.
.PHONY: release dev tsan fuzz bench format lint clean
release:
	cmake --preset release && cmake --build --preset release
dev:
	cmake --preset dev && cmake --build --preset dev
tsan:
	cmake --preset tsan && cmake --build --preset tsan
# Builds the fuzzers and runs each for half a minute.
fuzz:
	cmake --preset fuzz && cmake --build --preset fuzz
	for f in build/fuzz/fuzz/fuzz_*; do [ -x $$f ] && [ -f $$f ] && $$f -max_total_time=30 -max_len=4096 || exit 1; done
# Builds the tools of bench/ and prints tables of ratios; bench/README.md says what they measure.
bench:
	cmake --preset release && cmake --build --preset release --target logi bench_corpus bench_load bench_json
	bench/run.py
format:
	git ls-files -co --exclude-standard '*.cc' '*.h' | xargs clang-format-14 -i
lint:
	tools/lint
clean:
	rm -rf build
