// The way of one source's entries through its pipeline to the delivery. What every kind of target
// uses.
#pragma once

#include "agent/client/delivery.h"
#include "agent/pipeline/pipeline.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::agent {

// A line, or a message, and where it lies in its source: positions only grow, and after a restart
// the source goes on behind what was delivered. Sources that cannot go back count their messages.
struct SourceLine {
    std::string_view text;  // until the call returns
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    Timestamp read_time;                // the same when it is read again
    std::optional<Timestamp> own_time;  // that the message itself brings
    std::optional<Timestamp> guessed;   // what was recorded for it, see ReadLog::add_guess()
};

// On one strand.
class Feed {
  public:
    struct Deps {
        const StageContext& stages;
        Delivery& delivery;
    };
    // Called when everything before a position is delivered.
    using OnDelivered = Progress::OnDelivered;
    // A time was guessed for the line that ends at the position: it should be recorded.
    using OnGuessed = std::function<void(std::uint64_t position, Timestamp time)>;

    Feed(const Deps& deps,
         const PipelineSpec& pipeline,
         Labels labels,
         std::uint64_t start,
         OnDelivered on_delivered);
    void on_guessed(OnGuessed callback) { on_guessed_ = std::move(callback); }
    void observe(Pipeline::Observer observer) { pipeline_.observe(std::move(observer)); }

    // How long the source should rest before the next line.
    Duration take(const SourceLine& line);
    // The same with labels of its own for this line, which must outlive the feed.
    Duration take(const SourceLine& line, const Labels& labels);
    // The same with labels that the entry keeps, their text, and metadata that the line brings.
    Duration take(const SourceLine& line,
                  const std::shared_ptr<const Labels>& labels,
                  std::string_view key,
                  std::vector<LabelPair> metadata = {});

    // What lies before the position goes nowhere.
    void pass_over(std::uint64_t position) { progress_->skip(done_before(position)); }

    // Between two calls of release(), for a source whose lines are held.
    static constexpr Duration kReleasePause = Duration::millis(250);
    // Sends on what stages have held long enough, or, with `all`, everything they hold.
    void release(Timestamp now, bool all);
    [[nodiscard]] bool holds() const { return pipeline_.held_from().has_value(); }
    [[nodiscard]] std::uint64_t delivered() const { return progress_->delivered(); }
    // Whether everything is delivered that stages do not hold.
    [[nodiscard]] bool all_delivered() const { return progress_->idle(); }
    [[nodiscard]] const Labels& labels() const { return labels_; }

  private:
    void begin(const SourceLine& line, const Labels& labels);
    Duration process(const SourceLine& line, std::string_view key);
    void pass_on(std::string_view key);
    [[nodiscard]] std::uint64_t done_before(std::uint64_t position) const;

    Delivery& delivery_;
    const Labels labels_;
    const std::string key_;  // the text of the labels
    Pipeline pipeline_;
    std::shared_ptr<Progress> progress_;
    OnGuessed on_guessed_ = [](std::uint64_t, Timestamp) {
    };
    Entry entry_;
};

}  // namespace logi::agent
