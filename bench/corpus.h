// Log lines of an invented company, the same bytes from the same seed on every machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace logi::bench {

// Where entries go. Streams are numbered from 0 in the order of their first entry.
class Sink {
  public:
    virtual ~Sink() = default;
    // A stream that was not there before; `node` is the machine whose agent ships it.
    virtual void stream(std::uint32_t number, std::string_view labels, std::uint32_t node) = 0;
    // Times of a stream ascend strictly.
    virtual void entry(std::uint32_t stream, std::int64_t time_ns, std::string_view line) = 0;
};

class Corpus {
  public:
    virtual ~Corpus() = default;
    // Emits what happens next: one line or a few, which belong together.
    virtual void next(Sink& sink) = 0;
    [[nodiscard]] virtual std::int64_t now_ns() const = 0;
    // A text that occurs in the last lines and, but for an accident, in no others: to be searched.
    [[nodiscard]] virtual std::string rare_text() const = 0;
};

// 2024-06-03 06:00:00 UTC: where every corpus begins.
inline constexpr std::int64_t kCorpusBeginNs = 1'717'394'400'000'000'000;

// Services that log JSON and logfmt, behind nginx. A gigabyte is some eight hours.
std::unique_ptr<Corpus> make_cloud(std::uint64_t seed);
// Machines that log as syslogd writes it.
std::unique_ptr<Corpus> make_syslog(std::uint64_t seed);
// Both at once.
std::unique_ptr<Corpus> make_mix(std::uint64_t seed);

}  // namespace logi::bench
