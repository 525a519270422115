# Compiler settings of every target, and the tools that make builds fast.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1 -fno-omit-frame-pointer" CACHE STRING "" FORCE)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -fno-omit-frame-pointer" CACHE STRING "" FORCE)
find_package(Threads REQUIRED)

add_library(logi_flags INTERFACE)
target_compile_features(logi_flags INTERFACE cxx_std_20)
# GCC 12 sees overruns in inlined std::string code that are not there: those warnings are off.
target_compile_options(logi_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align -Wcast-qual
  -Wformat=2 -Wimplicit-fallthrough -Wmissing-declarations -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wundef -Wunused -Wvla -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wno-stringop-overread -Wno-stringop-overflow -Wno-array-bounds -Wno-restrict -Wno-maybe-uninitialized>
  # In a unity build GCC takes every file for a header, which should have no unnamed namespaces.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>
  # Clang refuses a precompiled header made without -pthread where RE2's settings bring it.
  $<$<CXX_COMPILER_ID:Clang>:-pthread -Wthread-safety -Wthread-safety-beta -Wunreachable-code -Wextra-semi>)
if(CMAKE_UNITY_BUILD)
  # A local name may be that of something in another file's unnamed namespace.
  target_compile_options(logi_flags INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-shadow>)
endif()
target_link_libraries(logi_flags INTERFACE Threads::Threads)
if(LOGI_SANITIZE)
  target_compile_options(logi_flags INTERFACE -fsanitize=${LOGI_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(logi_flags INTERFACE -fsanitize=${LOGI_SANITIZE})
  if(LOGI_SANITIZE_SKIP)
    target_compile_options(logi_flags INTERFACE -fno-sanitize=${LOGI_SANITIZE_SKIP})
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND LOGI_SANITIZE MATCHES "undefined")
    # Clang 14 cannot emit C++20 coroutines with -fsanitize=function.
    target_compile_options(logi_flags INTERFACE -fno-sanitize=function)
    target_link_options(logi_flags INTERFACE -fno-sanitize=function)
  endif()
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE})
endif()
find_program(MOLD ld.mold)
if(MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=mold)
endif()
if(LOGI_FUZZ)
  target_compile_options(logi_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
