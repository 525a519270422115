#include "corpus.h"

#include <vector>

namespace logi::bench {
namespace {

// Streams of a part under the numbers of the whole.
class Renumber final : public Sink {
  public:
    explicit Renumber(std::uint32_t& streams) : streams_(streams) {}
    void begin(Sink& sink) { sink_ = &sink; }
    void stream(std::uint32_t, std::string_view labels, std::uint32_t node) override {
        numbers_.push_back(streams_++);
        sink_->stream(numbers_.back(), labels, node);
    }
    void entry(std::uint32_t stream, std::int64_t time_ns, std::string_view line) override {
        sink_->entry(numbers_[stream], time_ns, line);
    }

  private:
    std::uint32_t& streams_;
    Sink* sink_ = nullptr;
    std::vector<std::uint32_t> numbers_;
};

class Mix final : public Corpus {
  public:
    explicit Mix(std::uint64_t seed) : cloud_(make_cloud(seed)), syslog_(make_syslog(seed)) {}

    void next(Sink& sink) override {
        const bool is_cloud = cloud_->now_ns() <= syslog_->now_ns();
        Renumber& numbers = is_cloud ? cloud_numbers_ : syslog_numbers_;
        numbers.begin(sink);
        (is_cloud ? cloud_ : syslog_)->next(numbers);
    }
    [[nodiscard]] std::int64_t now_ns() const override {
        return std::min(cloud_->now_ns(), syslog_->now_ns());
    }
    [[nodiscard]] std::string rare_text() const override { return cloud_->rare_text(); }

  private:
    std::uint32_t streams_ = 0;
    std::unique_ptr<Corpus> cloud_;
    std::unique_ptr<Corpus> syslog_;
    Renumber cloud_numbers_{streams_};
    Renumber syslog_numbers_{streams_};
};

}  // namespace

std::unique_ptr<Corpus> make_mix(std::uint64_t seed) {
    return std::make_unique<Mix>(seed);
}

}  // namespace logi::bench
