# logi_module(NAME journal DEPS base io [SRCS ...] [HEAVY ...] [LIBS ...] [TESTS ...])
#   SRCS   ordinary sources: compiled with the shared precompiled header.
#   HEAVY  sources that include Boost.Beast: no precompiled header, one at a time.
#   LIBS   outside libraries, private to the module.
#   TESTS  unit tests, one program for the module.
# A module may name only modules that stand earlier in src/LAYERS.
set_property(GLOBAL PROPERTY JOB_POOLS heavy=1)
# Of builds with CMAKE_UNITY_BUILD (tools/configure): most modules are few batches then, and two
# compilers at once (0.6 GB was the most that one took) have room.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/../src/LAYERS LOGI_LAYERS REGEX "^[a-z]")
list(TRANSFORM LOGI_LAYERS REPLACE "[ \t].*$" "")

file(WRITE ${CMAKE_BINARY_DIR}/pch.cc "")
add_library(logi_pch STATIC ${CMAKE_BINARY_DIR}/pch.cc)
target_link_libraries(logi_pch PRIVATE logi_flags absl::statusor absl::strings absl::flat_hash_map absl::flat_hash_set absl::span)
target_precompile_headers(logi_pch PRIVATE ${PROJECT_SOURCE_DIR}/src/base/pch.h)
# Code of unit tests is compiled for the compiler's time, not its own: a third of a release build was
# that.
set(LOGI_TEST_OPTIONS -O1)
add_library(logi_test_pch STATIC EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/pch.cc)
target_compile_options(logi_test_pch PRIVATE ${LOGI_TEST_OPTIONS})
target_link_libraries(logi_test_pch PRIVATE logi_flags absl::statusor absl::strings absl::flat_hash_map absl::flat_hash_set absl::span)
target_precompile_headers(logi_test_pch PRIVATE ${PROJECT_SOURCE_DIR}/src/base/pch.h)

add_custom_target(unit_tests)

function(logi_module)
  cmake_parse_arguments(M "" "NAME" "DEPS;SRCS;HEAVY;LIBS;TESTS" ${ARGN})
  list(FIND LOGI_LAYERS ${M_NAME} me)
  if(me EQUAL -1)
    message(FATAL_ERROR "module ${M_NAME} is missing in src/LAYERS")
  endif()
  foreach(d ${M_DEPS})
    list(FIND LOGI_LAYERS ${d} it)
    if(it EQUAL -1 OR it GREATER_EQUAL me)
      message(FATAL_ERROR "layering: ${M_NAME} must not depend on ${d} (see src/LAYERS)")
    endif()
  endforeach()
  add_library(logi_${M_NAME} STATIC ${M_SRCS})
  target_include_directories(logi_${M_NAME} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM M_DEPS PREPEND logi_ OUTPUT_VARIABLE libs)
  target_link_libraries(logi_${M_NAME}
    PUBLIC ${libs} absl::status absl::statusor absl::strings absl::flat_hash_map absl::flat_hash_set absl::span
    PRIVATE logi_flags ${M_LIBS})
  target_precompile_headers(logi_${M_NAME} REUSE_FROM logi_pch)
  # A module whose libraries bring definitions of their own compiles without the shared header.
  set_target_properties(logi_${M_NAME} PROPERTIES PCH_WARN_INVALID OFF)
  if(M_HEAVY)
    add_library(logi_${M_NAME}_heavy OBJECT ${M_HEAVY})
    target_include_directories(logi_${M_NAME}_heavy PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(logi_${M_NAME}_heavy PRIVATE logi_flags ${M_LIBS} ${libs} absl::status absl::statusor absl::strings)
    set_target_properties(logi_${M_NAME}_heavy PROPERTIES JOB_POOL_COMPILE heavy UNITY_BUILD_BATCH_SIZE 4)
    target_sources(logi_${M_NAME} PRIVATE $<TARGET_OBJECTS:logi_${M_NAME}_heavy>)
  endif()
  # Link test: every symbol must come from the declared DEPS.
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/link_main.cc "int main() { return 0; }\n")
  add_executable(link_${M_NAME} EXCLUDE_FROM_ALL ${CMAKE_CURRENT_BINARY_DIR}/link_main.cc)
  target_link_libraries(link_${M_NAME} PRIVATE logi_flags
    -Wl,--whole-archive logi_${M_NAME} -Wl,--no-whole-archive)
  set_property(GLOBAL APPEND PROPERTY LOGI_LINK_TESTS link_${M_NAME})
  if(LOGI_TESTS AND M_TESTS)
    add_executable(test_${M_NAME} ${M_TESTS})
    target_link_libraries(test_${M_NAME} PRIVATE logi_${M_NAME} logi_flags GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_options(test_${M_NAME} PRIVATE ${LOGI_TEST_OPTIONS})
    target_precompile_headers(test_${M_NAME} REUSE_FROM logi_test_pch)
    set_target_properties(test_${M_NAME} PROPERTIES PCH_WARN_INVALID OFF)
    add_test(NAME ${M_NAME} COMMAND test_${M_NAME})
    set_tests_properties(${M_NAME} PROPERTIES TIMEOUT 900 LABELS unit)
    add_dependencies(unit_tests test_${M_NAME})
  endif()
endfunction()

# logi_fuzzer(NAME push MODULE wire [SOURCES ...]): libFuzzer with LOGI_FUZZ, where a test runs it
# for some seconds from its corpus; else a plain main that replays the corpus.
#   SOURCES  files of modules that need too much to be built for a fuzzer.
function(logi_fuzzer)
  cmake_parse_arguments(F "" "NAME" "MODULE;SOURCES" ${ARGN})
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${F_NAME})
  add_executable(fuzz_${F_NAME} fuzz_${F_NAME}.cc ${F_SOURCES})
  add_dependencies(fuzzers fuzz_${F_NAME})
  list(TRANSFORM F_MODULE PREPEND logi_)
  target_link_libraries(fuzz_${F_NAME} PRIVATE ${F_MODULE} logi_flags)
  if(LOGI_FUZZ)
    target_link_options(fuzz_${F_NAME} PRIVATE -fsanitize=fuzzer)
    # New inputs that are worth keeping, and those that fail.
    set(found ${CMAKE_CURRENT_BINARY_DIR}/found/${F_NAME})
    file(MAKE_DIRECTORY ${found} ${CMAKE_CURRENT_BINARY_DIR}/failed)
    add_test(NAME fuzz_run_${F_NAME} COMMAND fuzz_${F_NAME} -seed=1 -runs=50000 -max_total_time=10
      -max_len=4096 -timeout=10 -rss_limit_mb=2048 -artifact_prefix=failed/${F_NAME}-
      ${found} ${corpus})
    set_tests_properties(fuzz_run_${F_NAME} PROPERTIES LABELS fuzz TIMEOUT 120)
  else()
    target_sources(fuzz_${F_NAME} PRIVATE replay_main.cc)
    add_test(NAME fuzz_replay_${F_NAME} COMMAND fuzz_${F_NAME} ${corpus})
  endif()
endfunction()
