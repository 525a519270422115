#include "agent/client/feed.h"

#include <algorithm>

namespace logi::agent {

Feed::Feed(const Deps& deps,
           const PipelineSpec& pipeline,
           Labels labels,
           std::uint64_t start,
           OnDelivered on_delivered)
    : delivery_(deps.delivery),
      labels_(std::move(labels)),
      key_(labels_.to_string()),
      pipeline_(pipeline, deps.stages),
      progress_(std::make_shared<Progress>(start, std::move(on_delivered))) {}

Duration Feed::take(const SourceLine& line) {
    begin(line, labels_);
    return process(line, key_);
}

Duration Feed::take(const SourceLine& line, const Labels& labels) {
    begin(line, labels);
    return process(line, labels.to_string());
}

Duration Feed::take(const SourceLine& line,
                    const std::shared_ptr<const Labels>& labels,
                    std::string_view key,
                    std::vector<LabelPair> metadata) {
    begin(line, *labels);
    entry_.labels_owner = labels;
    entry_.metadata = std::move(metadata);
    return process(line, key);
}

void Feed::begin(const SourceLine& line, const Labels& labels) {
    entry_.reset(labels, line.text, line.read_time);
    entry_.time = line.own_time.value_or(line.read_time);
    entry_.recorded_time = line.guessed;
    entry_.from = line.from;
    entry_.to = line.to;
}

Duration Feed::process(const SourceLine& line, std::string_view key) {
    switch (pipeline_.process(entry_)) {
        case Verdict::kPass:
            pass_on(key);
            break;
        case Verdict::kDrop:
            progress_->skip(done_before(line.to));
            break;
        case Verdict::kHold:
            break;
    }
    return entry_.rest;
}

void Feed::pass_on(std::string_view key) {
    if (entry_.guessed_time && !entry_.recorded_time.has_value()) {
        on_guessed_(entry_.to, entry_.time);
    }
    const std::uint64_t position = done_before(entry_.to);
    if (entry_.labels.changed()) {
        delivery_.add(progress_, entry_, entry_.labels.text(), position);
    } else {
        delivery_.add(progress_, entry_, key, position);
    }
}

// What stages hold is not done.
std::uint64_t Feed::done_before(std::uint64_t position) const {
    return std::min(position, pipeline_.held_from().value_or(position));
}

void Feed::release(Timestamp now, bool all) {
    while (pipeline_.release(now, all, entry_)) {
        pass_on(entry_.labels.text());
    }
}

}  // namespace logi::agent
