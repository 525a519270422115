#include "ingest/entry_level.h"

namespace logi::ingest {

EntryLevels::EntryLevels(const Limits& limits)
    : enabled_(limits.discover_log_levels && limits.allow_structured_metadata),
      detector_({limits.log_level_fields, limits.log_level_from_json_max_depth}) {}

std::string_view EntryLevels::of_stream(const Labels& labels) const {
    return enabled_ ? detector_.of_labels(labels) : std::string_view();
}

void EntryLevels::add_to(EntryView& entry, std::string_view stream_level) {
    if (!enabled_) {
        return;
    }
    const auto place = std::lower_bound(
        entry.metadata.begin(),
        entry.metadata.end(),
        fields::kDetectedLevel,
        [](const MetadataView& pair, std::string_view name) { return pair.name < name; });
    const bool given = place != entry.metadata.end() && place->name == fields::kDetectedLevel;
    if (given && !place->value.empty()) {
        place->value = fields::normalised_level(place->value);
        return;
    }
    const std::string_view level = stream_level.empty()
                                       ? detector_.of_entry(entry.metadata, entry.line, scratch_)
                                       : stream_level;
    if (given) {
        place->value = level;
    } else {
        entry.metadata.insert(place, {fields::kDetectedLevel, level});
    }
}

}  // namespace logi::ingest
