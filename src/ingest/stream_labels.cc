#include "ingest/stream_labels.h"

#include "absl/strings/str_cat.h"

#include <algorithm>

namespace logi::ingest {
namespace {

constexpr std::string_view kServiceName = "service_name";

std::string_view value_of(const std::vector<LabelPair>& pairs, std::string_view name) {
    const auto it = std::lower_bound(
        pairs.begin(), pairs.end(), name, [](const LabelPair& pair, std::string_view n) {
            return pair.name < n;
        });
    return it != pairs.end() && it->name == name ? std::string_view(it->value) : std::string_view();
}

void sort_by_name(std::vector<LabelPair>& pairs) {
    std::stable_sort(pairs.begin(), pairs.end(), [](const LabelPair& a, const LabelPair& b) {
        return a.name < b.name;
    });
}

std::string raw_label_text(const std::vector<LabelPair>& pairs) {
    std::string out = "{";
    for (const auto& pair : pairs) {
        absl::StrAppend(&out, out.size() > 1 ? ", " : "", pair.name, "=", go_quote(pair.value));
    }
    out.push_back('}');
    return out;
}

StatusOr<std::vector<LabelPair>> labels_of_text(std::string_view text) {
    LOGI_ASSIGN_OR_RETURN(std::vector<LabelPair> pairs, parse_label_pairs(text));
    sort_by_name(pairs);
    return pairs;
}

StatusOr<std::vector<LabelPair>> labels_of_json(std::vector<LabelPair> pairs) {
    sort_by_name(pairs);
    std::size_t kept = 0;
    bool plain = true;
    for (auto& pair : pairs) {
        plain = plain && is_label_name(pair.name);
        if (kept > 0 && pairs[kept - 1].name == pair.name) {
            pairs[kept - 1].value = std::move(pair.value);
        } else if (&pairs[kept++] != &pair) {
            pairs[kept - 1] = std::move(pair);
        }
    }
    pairs.resize(kept);
    // Loki writes the names as they are into a label text and parses that; so what is wrong with
    // them is said in its words.
    if (!plain) {
        return labels_of_text(raw_label_text(pairs));
    }
    return pairs;
}

}  // namespace

StatusOr<std::vector<LabelPair>> read_labels(const wire::PushStream& stream) {
    const auto* text = std::get_if<std::string_view>(&stream.labels);
    LOGI_ASSIGN_OR_RETURN(std::vector<LabelPair> pairs,
                          text != nullptr
                              ? labels_of_text(*text)
                              : labels_of_json(std::get<std::vector<LabelPair>>(stream.labels)));
    std::erase_if(pairs, [](const LabelPair& p) { return p.value.empty(); });
    return pairs;
}

void add_service_name(std::vector<LabelPair>& pairs, const Limits& limits) {
    if (limits.discover_service_name.empty() || !value_of(pairs, kServiceName).empty()) {
        return;
    }
    std::string_view value = "unknown_service";
    for (const auto& name : limits.discover_service_name) {
        if (const std::string_view found = value_of(pairs, name); !found.empty()) {
            value = found;
            break;
        }
    }
    LabelPair service{std::string(kServiceName), std::string(value)};
    pairs.insert(std::lower_bound(pairs.begin(), pairs.end(), service), std::move(service));
}

std::optional<LabelFault> check_labels(const std::vector<LabelPair>& pairs,
                                       const std::string& text,
                                       const Limits& limits) {
    if (pairs.empty()) {
        return LabelFault{"missing_labels", "error at least one label pair is required per stream"};
    }
    const std::size_t names = pairs.size() - (value_of(pairs, kServiceName).empty() ? 0 : 1);
    if (names > static_cast<std::size_t>(limits.max_label_names_per_series)) {
        return LabelFault{"max_label_names_per_series",
                          absl::StrCat("entry for stream '",
                                       text,
                                       "' has ",
                                       names,
                                       " label names; limit ",
                                       limits.max_label_names_per_series)};
    }
    const auto fault = [&text](const char* reason, const char* what, const std::string& which) {
        return LabelFault{reason,
                          absl::StrCat("stream '", text, "' has ", what, ": '", which, "'")};
    };
    const std::string* previous = nullptr;
    for (const auto& pair : pairs) {
        if (pair.name.size() > static_cast<std::size_t>(limits.max_label_name_length)) {
            return fault("label_name_too_long", "label name too long", pair.name);
        }
        if (pair.value.size() > static_cast<std::size_t>(limits.max_label_value_length)) {
            return fault("label_value_too_long", "label value too long", pair.value);
        }
        if (previous != nullptr && *previous == pair.name) {
            return fault("duplicate_label_names", "duplicate label name", pair.name);
        }
        previous = &pair.name;
    }
    return std::nullopt;
}

}  // namespace logi::ingest
