#include "samples.h"

#include "grouping.h"
#include "pipeline.h"

#include <algorithm>

namespace logi::reference {
namespace {

class Sampler {
  public:
    Sampler(const logql::RangeAggregation& range, const std::optional<logql::Grouping>& grouping)
        : range_(range), grouping_(grouping) {}

    Status prepare(Timestamp now) {
        LOGI_ASSIGN_OR_RETURN(const Needed needed,
                              needed_labels(range_.log, range_.unwrap, grouping_));
        LOGI_ASSIGN_OR_RETURN(pipeline_, Pipeline::make(range_.log, needed, now));
        if (range_.unwrap.has_value()) {
            for (const auto& filter : range_.unwrap->filters) {
                LOGI_ASSIGN_OR_RETURN(auto made, make_label_filter(*filter));
                after_unwrap_.push_back(std::move(made));
            }
        }
        return absl::OkStatus();
    }

    // Nothing: the entry gives no sample.
    [[nodiscard]] std::optional<RangeSample> sample(const Entry& entry) const {
        Line line{entry.time, entry.line, EntryLabels(entry.stream, entry.metadata)};
        if (!pipeline_.process(line)) {
            return std::nullopt;
        }
        RangeSample out;
        out.time = entry.time;
        const auto value = value_of(line);
        if (!value.has_value()) {
            return std::nullopt;
        }
        out.value = *value;
        // Of an entry with an error all labels are shown. Details without an error are no label.
        LabelMap labels = line.labels.all();
        if (!line.labels.has_error()) {
            labels.erase(kErrorDetails);
            labels = series_of(std::move(labels));
        }
        out.series = std::move(labels);
        if (line.labels.has_error() && line.labels.get(kPreserveError) != "true") {
            out.error = line.labels.error();
        }
        return out;
    }

  private:
    [[nodiscard]] std::optional<double> value_of(Line& line) const {
        if (!range_.unwrap.has_value()) {
            const bool bytes = range_.op == logql::RangeOp::kBytesOverTime ||
                               range_.op == logql::RangeOp::kBytesRate;
            return bytes ? static_cast<double>(line.text.size()) : 1;
        }
        const std::string text = line.labels.get(range_.unwrap->label).value_or("");
        if (text.empty()) {
            return std::nullopt;
        }
        const Converted converted = convert(range_.unwrap->conversion, text);
        if (!converted.value.has_value()) {
            line.labels.set_error("SampleExtractionErr", converted.error);
        }
        for (const Stage& filter : after_unwrap_) {
            if (!filter(line)) {
                return std::nullopt;
            }
        }
        return converted.value.value_or(0);
    }

    [[nodiscard]] LabelMap series_of(LabelMap labels) const {
        if (range_.unwrap.has_value() && !(grouping_.has_value() && !grouping_->without)) {
            labels.erase(range_.unwrap->label);
        }
        return grouping_.has_value() ? grouped(labels, *grouping_) : labels;
    }

    const logql::RangeAggregation& range_;
    const std::optional<logql::Grouping>& grouping_;
    Pipeline pipeline_;
    std::vector<Stage> after_unwrap_;
};

}  // namespace

StatusOr<std::vector<RangeSample>> samples_of(const std::vector<Entry>& entries,
                                              const logql::RangeAggregation& range,
                                              const std::optional<logql::Grouping>& grouping,
                                              Timestamp now) {
    Sampler sampler(range, grouping);
    LOGI_RETURN_IF_ERROR(sampler.prepare(now));
    std::vector<RangeSample> out;
    for (const Entry* entry : select(entries, range.log.matchers)) {
        if (auto sample = sampler.sample(*entry); sample.has_value()) {
            out.push_back(*std::move(sample));
        }
    }
    std::stable_sort(out.begin(), out.end(), [](const RangeSample& a, const RangeSample& b) {
        return a.time < b.time;
    });
    return out;
}

}  // namespace logi::reference
