// Text that may not grow past a limit.
#pragma once

#include <string>
#include <string_view>

namespace logi::tmpl {

// Appends to a string until the limit; what would go past it is dropped and full() becomes true,
// for the caller to report once.
class Sink {
  public:
    // `out` must outlive the sink. The limit counts what the sink adds.
    Sink(std::string& out, std::size_t bytes_max)
        : out_(out), bytes_max_(bytes_max), start_(out.size()) {}

    void append(std::string_view s) {
        if (s.size() > room()) {
            full_ = true;
        } else {
            out_.append(s);
        }
    }
    void append(std::size_t count, char c) {
        if (count > room()) {
            full_ = true;
        } else {
            out_.append(count, c);
        }
    }
    void push_back(char c) { append(1, c); }

    [[nodiscard]] bool full() const { return full_; }
    [[nodiscard]] std::size_t start() const { return start_; }
    // What was added.
    [[nodiscard]] std::string_view text() const { return std::string_view(out_).substr(start_); }

  private:
    [[nodiscard]] std::size_t room() const { return bytes_max_ - (out_.size() - start_); }
    std::string& out_;
    std::size_t bytes_max_;
    std::size_t start_;
    bool full_ = false;
};

}  // namespace logi::tmpl
