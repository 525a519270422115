#include "query/label_stats.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"

namespace logi::query {
namespace {

bool is_hex(std::string_view s) {
    return std::all_of(s.begin(), s.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    });
}

// 01234567-89ab-cdef-0123-456789abcdef
bool is_dashed_uuid(std::string_view s) {
    constexpr std::array<std::size_t, 5> kParts = {8, 4, 4, 4, 12};
    for (const std::size_t part : kParts) {
        if (s.size() < part || !is_hex(s.substr(0, part))) {
            return false;
        }
        s.remove_prefix(part);
        if (part != kParts.back()) {
            if (!s.starts_with('-')) {
                return false;
            }
            s.remove_prefix(1);
        }
    }
    return s.empty();
}

// Also in braces, behind urn:uuid:, or without dashes.
bool is_uuid(std::string_view s) {
    constexpr std::string_view kUrn = "urn:uuid:";
    constexpr std::size_t kDigits = 32;
    if (s.size() == kDigits) {
        return is_hex(s);
    }
    if (s.starts_with('{') && s.ends_with('}')) {
        s = s.substr(1, s.size() - 2);
    } else if (s.starts_with(kUrn)) {
        s.remove_prefix(kUrn.size());
    }
    return is_dashed_uuid(s);
}

bool is_number(std::string_view s) {
    double value = 0;
    return absl::SimpleAtod(absl::string_view(s.data(), s.size()), &value);
}

using Values = absl::flat_hash_set<std::string_view>;

bool is_useful(const std::string& name, const Values& values) {
    if (name == "cluster" || name == "namespace" || name == "instance" || name == "pod") {
        return true;
    }
    const bool switches = std::all_of(
        values.begin(), values.end(), [](std::string_view v) { return v == "0" || v == "1"; });
    return switches || !std::all_of(values.begin(), values.end(), [](std::string_view v) {
               return is_number(v) || is_uuid(v);
           });
}

}  // namespace

StatusOr<FoundStreams> series(const exec::Sources& sources,
                              const std::vector<std::vector<Matcher>>& selectors,
                              TimeRange range) {
    const std::vector<std::vector<Matcher>> everything = {{}};
    FoundStreams found;
    if (range.end <= range.start) {
        return found;
    }
    absl::flat_hash_set<StreamId> ids;
    absl::flat_hash_set<std::string> missing;
    for (const auto& selector : selectors.empty() ? everything : selectors) {
        LOGI_ASSIGN_OR_RETURN(
            const auto selections,
            exec::select(sources, selector, range.start, range.end - Duration{1}));
        for (const auto& selection : selections.of) {
            for (const std::uint32_t stream : selection->streams()) {
                if (ids.insert(selection->id(stream)).second) {
                    found.labels.push_back(selection->labels(stream));
                }
            }
        }
        for (const std::string& text : selections.missing) {
            if (missing.insert(text).second) {
                found.missing.push_back(text);
            }
        }
    }
    std::sort(found.labels.begin(), found.labels.end());
    return found;
}

std::vector<std::string> label_names(const std::vector<Labels>& streams) {
    absl::flat_hash_set<std::string_view> names;
    for (const auto& stream : streams) {
        for (const auto& pair : stream.pairs()) {
            names.insert(pair.name);
        }
    }
    std::vector<std::string> sorted(names.begin(), names.end());
    std::sort(sorted.begin(), sorted.end());
    return sorted;
}

std::vector<std::string> label_values(const std::vector<Labels>& streams, std::string_view name) {
    absl::flat_hash_set<std::string_view> values;
    for (const auto& stream : streams) {
        if (const std::string_view value = stream.get(name); !value.empty()) {
            values.insert(value);
        }
    }
    std::vector<std::string> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    return sorted;
}

std::vector<LabelCardinality> useful_labels(const std::vector<Labels>& streams) {
    std::map<std::string, Values> labels;
    for (const auto& stream : streams) {
        for (const auto& pair : stream.pairs()) {
            labels[pair.name].insert(pair.value);
        }
    }
    std::vector<LabelCardinality> useful;
    for (const auto& [name, values] : labels) {
        if (is_useful(name, values)) {
            useful.push_back({name, values.size()});
        }
    }
    return useful;
}

}  // namespace logi::query
