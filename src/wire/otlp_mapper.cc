#include "wire/otlp_mapper.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "model/metadata_name.h"

#include <algorithm>

namespace logi::wire {
namespace {

constexpr std::string_view kServiceAttribute = "service.name";
constexpr std::string_view kServiceLabel = "service_name";
constexpr std::string_view kUnknownService = "unknown_service";
// Of a name or a stream that is remembered, beside its text.
constexpr std::uint64_t kNameBytes = 96;

Timestamp time_of(std::uint64_t ns) {
    return {static_cast<std::int64_t>(std::min<std::uint64_t>(ns, INT64_MAX))};
}

// What a copy of the pairs takes, with that of their texts in the journal.
std::uint64_t bytes_of(const std::vector<MetadataView>& metadata) {
    std::uint64_t bytes = 0;
    for (const auto& pair : metadata) {
        bytes += sizeof(MetadataView) + pair.name.size() + pair.value.size();
    }
    return bytes;
}

bool is_zero(std::string_view bytes) {
    return bytes.find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace

OtlpMapper::OtlpMapper(PushRequest& request,
                       DecodeBudget budget,
                       const OtlpOptions& options,
                       Texts texts)
    : request_(request), copies_(request), budget_(budget), options_(options), texts_(texts) {
    request_.format = PushFormat::kOtlp;
}

bool OtlpMapper::fail(int status, std::string message) {
    if (!error_) {
        error_ = PushError{status, std::move(message)};
    }
    return false;
}

PushError OtlpMapper::error() const {
    return error_.value_or(PushError{400, "malformed OTLP request"});
}

bool OtlpMapper::take(std::uint64_t bytes) {
    return budget_.take(bytes) || fail(413, kTooManyParts);
}

std::string_view OtlpMapper::kept(std::string_view text) {
    const bool stays = texts_ == Texts::kStay && text.data() != scratch_.data();
    return stays ? text : copies_.copy(text);
}

std::optional<std::string> OtlpMapper::normalised(std::string_view name) {
    auto normal = normalise_metadata_name(name);
    if (!normal.ok()) {
        fail(400, absl::StrCat("symbolizer lookup: ", std::string(normal.status().message())));
        return std::nullopt;
    }
    return *std::move(normal);
}

const OtlpMapper::Name* OtlpMapper::name_of(Names& known,
                                            ActionOf action_of,
                                            std::string_view name) {
    const auto it = known.find(name);
    if (it != known.end()) {
        return &it->second;
    }
    Name found;
    found.action = (options_.rules.*action_of)(name);
    if (found.action != OtlpAction::kDrop) {
        const auto normal = normalised(name);
        if (!normal || !take(kNameBytes + name.size() + normal->size())) {
            return nullptr;
        }
        found.normal = copies_.copy(*normal);
    } else if (!take(kNameBytes + name.size())) {
        return nullptr;
    }
    return &known.emplace(copies_.copy(name), found).first->second;
}

template <typename F>
bool OtlpMapper::flatten(std::string_view name, const OtlpValue& value, F on_pair) {
    return value.kind == OtlpValue::Kind::kMap ? flatten_map(name, value, on_pair)
                                               : on_pair(name, otlp_text(value, scratch_));
}

template <typename F>
bool OtlpMapper::flatten_map(std::string_view prefix, const OtlpValue& value, F on_pair) {
    for (std::size_t i = 0; i < value.values.size(); ++i) {
        const auto name =
            normalised(absl::StrCat(std::string(prefix), "_", std::string(value.names[i])));
        if (!name || !take(name->size()) ||
            !flatten(copies_.copy(*name), value.values[i], on_pair)) {
            return false;
        }
    }
    return true;
}

bool OtlpMapper::add_metadata(std::vector<MetadataView>& metadata,
                              std::string_view name,
                              std::string_view value) {
    if (value.empty()) {
        return true;  // as if it were not there
    }
    if (!take(sizeof(MetadataView) + value.size())) {
        return false;
    }
    metadata.push_back({name, kept(value)});
    return true;
}

bool OtlpMapper::add_number(std::vector<MetadataView>& metadata,
                            std::string_view name,
                            std::uint64_t number) {
    scratch_ = std::to_string(number);
    return add_metadata(metadata, name, scratch_);
}

bool OtlpMapper::add_hex(std::string_view name, std::string_view bytes) {
    if (is_zero(bytes)) {
        return true;
    }
    scratch_ = absl::BytesToHexString(std::string(bytes));
    return add_metadata(entry_.metadata, name, scratch_);
}

bool OtlpMapper::add_label(std::vector<LabelPair>& labels,
                           std::string_view name,
                           std::string_view value) {
    if (!take(sizeof(LabelPair) + name.size() + value.size())) {
        return false;
    }
    labels.push_back({std::string(name), std::string(value)});
    return true;
}

void OtlpMapper::begin_resource() {
    names_service_ = false;
    found_service_.reset();
    resource_labels_.clear();
    resource_stream_.reset();
    resource_metadata_.clear();
    streams_.clear();
}

bool OtlpMapper::resource_attribute(std::string_view name, const OtlpValue& value) {
    names_service_ =
        names_service_ || (name == kServiceAttribute && !otlp_text(value, scratch_).empty());
    const Name* known = name_of(resource_names_, &OtlpRules::of_resource, name);
    if (known == nullptr) {
        return false;
    }
    if (known->action == OtlpAction::kDrop) {
        return true;
    }
    return flatten(known->normal, value, [&](std::string_view n, std::string_view text) {
        return known->action == OtlpAction::kIndexLabel ? add_resource_label(n, text)
                                                        : add_metadata(resource_metadata_, n, text);
    });
}

bool OtlpMapper::add_resource_label(std::string_view name, std::string_view value) {
    const auto& names = options_.discover_service_name;
    if (!found_service_ && std::find(names.begin(), names.end(), name) != names.end()) {
        found_service_ = std::string(value);
    }
    return add_label(resource_labels_, name, value);
}

bool OtlpMapper::end_resource() {
    resource_bytes_ = bytes_of(resource_metadata_);
    return names_service_ || options_.discover_service_name.empty() ||
           add_label(resource_labels_,
                     kServiceLabel,
                     found_service_ ? std::string_view(*found_service_) : kUnknownService);
}

void OtlpMapper::begin_scope() {
    scope_metadata_.clear();
}

bool OtlpMapper::scope_attribute(std::string_view name, const OtlpValue& value) {
    const Name* known = name_of(scope_names_, &OtlpRules::of_scope, name);
    if (known == nullptr) {
        return false;
    }
    return known->action == OtlpAction::kDrop ||
           flatten(known->normal, value, [&](std::string_view n, std::string_view text) {
               return add_metadata(scope_metadata_, n, text);
           });
}

bool OtlpMapper::end_scope(std::string_view name, std::string_view version, std::uint32_t dropped) {
    const bool ok =
        add_metadata(scope_metadata_, "scope_name", name) &&
        add_metadata(scope_metadata_, "scope_version", version) &&
        (dropped == 0 || add_number(scope_metadata_, "scope_dropped_attributes_count", dropped));
    shared_bytes_ = resource_bytes_ + bytes_of(scope_metadata_);
    return ok;
}

bool OtlpMapper::begin_record() {
    entry_ = {};
    record_labels_.clear();
    if (!take(sizeof(EntryView) + shared_bytes_)) {
        return false;
    }
    entry_.metadata.reserve(resource_metadata_.size() + scope_metadata_.size());
    return true;
}

bool OtlpMapper::record_attribute(std::string_view name, const OtlpValue& value) {
    const Name* known = name_of(record_names_, &OtlpRules::of_record, name);
    if (known == nullptr) {
        return false;
    }
    if (known->action == OtlpAction::kDrop) {
        return true;
    }
    return flatten(known->normal, value, [&](std::string_view n, std::string_view text) {
        return known->action == OtlpAction::kIndexLabel ? add_label(record_labels_, n, text)
                                                        : add_metadata(entry_.metadata, n, text);
    });
}

bool OtlpMapper::body(const OtlpValue& value) {
    const std::string_view text = otlp_text(value, scratch_);
    if (!take(text.size())) {
        return false;
    }
    entry_.line = kept(text);
    return true;
}

bool OtlpMapper::end_record(const OtlpRecord& record) {
    const std::uint64_t ns = record.time_ns != 0 ? record.time_ns : record.observed_ns;
    entry_.time = ns != 0 ? time_of(ns) : options_.now;
    auto& metadata = entry_.metadata;
    if (record.time_ns != 0 && record.observed_ns != 0 &&
        !add_number(metadata, "observed_timestamp", record.observed_ns)) {
        return false;
    }
    if (record.severity_number != 0) {
        scratch_ = std::to_string(record.severity_number);
        if (!add_metadata(metadata, "severity_number", scratch_)) {
            return false;
        }
    }
    if (!record.severity_text.empty() && options_.rules.severity_text_is_label() &&
        !add_label(record_labels_, "severity_text", record.severity_text)) {
        return false;
    }
    const bool ok = add_metadata(metadata, "severity_text", record.severity_text) &&
                    (record.dropped_attributes == 0 ||
                     add_number(metadata, "dropped_attributes_count", record.dropped_attributes)) &&
                    (record.flags == 0 || add_number(metadata, "flags", record.flags)) &&
                    add_hex("trace_id", record.trace_id) && add_hex("span_id", record.span_id);
    const auto stream = ok ? stream_of_record() : std::nullopt;
    if (!stream) {
        return false;
    }
    metadata.insert(metadata.end(), resource_metadata_.begin(), resource_metadata_.end());
    metadata.insert(metadata.end(), scope_metadata_.begin(), scope_metadata_.end());
    request_.streams[*stream].entries.push_back(std::move(entry_));
    return true;
}

// Labels of records come behind those of the resource: of equal names the last counts.
std::optional<std::size_t> OtlpMapper::stream_of_record() {
    if (record_labels_.empty()) {
        if (!resource_stream_) {
            resource_stream_ = add_stream(resource_labels_);
        }
        return resource_stream_;
    }
    std::string key;
    for (const auto& label : record_labels_) {
        absl::StrAppend(&key, label.name, "=", label.value.size(), ":", label.value);
    }
    if (const auto it = streams_.find(key); it != streams_.end()) {
        return it->second;
    }
    if (!take(kNameBytes + key.size())) {
        return std::nullopt;
    }
    std::vector<LabelPair> labels = resource_labels_;
    labels.insert(labels.end(), record_labels_.begin(), record_labels_.end());
    const auto added = add_stream(std::move(labels));
    if (added) {
        streams_.emplace(std::move(key), *added);
    }
    return added;
}

std::optional<std::size_t> OtlpMapper::add_stream(std::vector<LabelPair> labels) {
    std::uint64_t bytes = sizeof(PushStream);
    for (const auto& label : labels) {
        bytes += sizeof(LabelPair) + label.name.size() + label.value.size();
    }
    if (!take(bytes)) {
        return std::nullopt;
    }
    request_.streams.emplace_back();
    request_.streams.back().labels = std::move(labels);
    return request_.streams.size() - 1;
}

}  // namespace logi::wire
