# For developers; users need only ./run and ./test.
.PHONY: release dev tsan fuzz bench format lint clean
release:
	cmake --preset release && cmake --build --preset release
dev:
	cmake --preset dev && cmake --build --preset dev
tsan:
	cmake --preset tsan && cmake --build --preset tsan
# Builds the fuzzers and runs each for SECONDS_EACH; what they find is kept in build/dev/fuzz/found,
# and inputs that fail in build/dev/fuzz/failed.
SECONDS_EACH = 30
fuzz:
	cmake --preset dev && cmake --build --preset dev --target fuzzers
	cd build/dev/fuzz && for f in ../../../fuzz/corpus/*; do n=$${f##*/}; \
	  ./fuzz_$$n -max_total_time=$(SECONDS_EACH) -max_len=4096 -timeout=10 -artifact_prefix=failed/$$n- found/$$n $$f || exit 1; done
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
