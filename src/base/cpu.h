// What the CPU can do beyond what every machine of its kind can. Who has two paths asks each time.
#pragma once

namespace logi::base {

[[nodiscard]] bool has_avx2();

// For tests that compare both paths: while one of these lives, no CPU has AVX2, on any thread.
class WithoutAvx2 {
  public:
    WithoutAvx2();
    ~WithoutAvx2();
    WithoutAvx2(const WithoutAvx2&) = delete;
    WithoutAvx2& operator=(const WithoutAvx2&) = delete;
};

}  // namespace logi::base
