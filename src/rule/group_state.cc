#include "rule/group_state.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/hash.h"
#include "bucket/bucket.h"

#include <bit>
#include <map>

namespace logi::rule {
namespace {

constexpr std::string_view kStateMagic = "LGRS";
constexpr std::uint8_t kStateVersion = 1;

std::uint64_t identity_of(const Rule& rule) {
    std::string text;
    base::ByteWriter writer(text);
    writer.string(rule.record);
    writer.string(rule.alert);
    writer.string(rule.expr);
    for (const auto& [name, value] : rule.labels) {
        writer.string(name);
        writer.string(value);
    }
    return base::hash64(text);
}

// Names may be longer than files may be called.
std::string key_part(const std::string& name) {
    constexpr std::size_t kBytesMax = 200;
    const std::string escaped = bucket::escape_key_part(name);
    return escaped.size() <= kBytesMax ? escaped
                                       : absl::StrCat(escaped.substr(0, kBytesMax),
                                                      "-",
                                                      absl::StrFormat("%016x", base::hash64(name)));
}

// 0: none.
void write(base::ByteWriter& writer, std::optional<Timestamp> time) {
    writer.i64(time.value_or(Timestamp{}).ns);
}

std::optional<Timestamp> read_time(base::ByteReader& reader) {
    const Timestamp time{reader.i64()};
    return time.ns == 0 ? std::nullopt : std::optional(time);
}

void write(base::ByteWriter& writer, const Labels& labels) {
    writer.varint(labels.size());
    for (const LabelPair& pair : labels.pairs()) {
        writer.string(pair.name);
        writer.string(pair.value);
    }
}

Labels read_labels(base::ByteReader& reader) {
    std::vector<LabelPair> pairs;
    for (std::uint64_t n = reader.varint(); n > 0 && reader.ok(); --n) {
        std::string name(reader.string());
        pairs.push_back({std::move(name), std::string(reader.string())});
    }
    return Labels::of_result(std::move(pairs));
}

void write(base::ByteWriter& writer, const Alert& alert) {
    writer.u8(static_cast<std::uint8_t>(alert.state));
    write(writer, alert.labels);
    write(writer, alert.annotations);
    writer.u64(std::bit_cast<std::uint64_t>(alert.value));
    write(writer, alert.active_at);
    write(writer, alert.fired_at);
    write(writer, alert.resolved_at);
    write(writer, alert.missing_since);
}

Alert read_alert(base::ByteReader& reader) {
    Alert alert;
    alert.state = static_cast<AlertState>(
        std::min(reader.u8(), static_cast<std::uint8_t>(AlertState::kFiring)));
    alert.labels = read_labels(reader);
    alert.annotations = read_labels(reader);
    alert.value = std::bit_cast<double>(reader.u64());
    alert.active_at = read_time(reader).value_or(Timestamp{});
    alert.fired_at = read_time(reader);
    alert.resolved_at = read_time(reader);
    alert.missing_since = read_time(reader);
    if (alert.state == AlertState::kInactive && !alert.resolved_at) {
        alert.resolved_at = alert.active_at;
    }
    return alert;
}

void write(base::ByteWriter& writer, const RuleStatus& rule) {
    writer.u8(static_cast<std::uint8_t>(rule.health));
    writer.string(rule.last_error);
    write(writer, rule.last_evaluation);
    writer.i64(rule.took.ns);
    writer.varint(rule.alerts.size());
    for (const Alert& alert : rule.alerts) {
        write(writer, alert);
    }
}

RuleStatus read_rule(base::ByteReader& reader) {
    RuleStatus rule;
    rule.health =
        static_cast<Health>(std::min(reader.u8(), static_cast<std::uint8_t>(Health::kError)));
    rule.last_error = reader.string();
    rule.last_evaluation = read_time(reader);
    rule.took = {reader.i64()};
    for (std::uint64_t n = reader.varint(); n > 0 && reader.ok(); --n) {
        rule.alerts.push_back(read_alert(reader));
    }
    return rule;
}

}  // namespace

const char* name_of(Health health) {
    switch (health) {
        case Health::kOk:
            return "ok";
        case Health::kError:
            return "err";
        default:
            return "unknown";
    }
}

AlertState RuleStatus::state() const {
    AlertState most = AlertState::kInactive;
    for (const Alert& alert : alerts) {
        most = std::max(most, alert.state);
    }
    return most;
}

std::string state_key(const GroupKey& key) {
    return absl::StrCat("rule-state/",
                        bucket::escape_key_part(key.tenant),
                        "/",
                        key_part(key.name_space),
                        "/",
                        key_part(key.group));
}

std::string encode_state(const GroupStatus& status) {
    std::string out(kStateMagic);
    base::ByteWriter writer(out);
    writer.u8(kStateVersion);
    write(writer, status.last_evaluation);
    writer.i64(status.took.ns);
    writer.varint(status.rules.size());
    for (std::size_t i = 0; i < status.rules.size(); ++i) {
        writer.u64(identity_of(status.group.rules[i]));
        write(writer, status.rules[i]);
    }
    writer.u32(base::crc32c(out));
    return out;
}

Status decode_state(const std::string& object, GroupStatus& status) {
    constexpr std::size_t kCrcBytes = 4;
    const std::string_view all = object;
    if (!all.starts_with(kStateMagic) || all.size() < kStateMagic.size() + kCrcBytes + 1) {
        return absl::DataLossError("not the state of a group of rules");
    }
    const std::string_view body = all.substr(0, all.size() - kCrcBytes);
    if (base::ByteReader(all.substr(body.size())).u32() != base::crc32c(body)) {
        return absl::DataLossError("the state of a group of rules is damaged");
    }
    base::ByteReader reader(body.substr(kStateMagic.size()));
    if (reader.u8() != kStateVersion) {
        return absl::DataLossError("the state of a group of rules has a version that is not known");
    }
    status.last_evaluation = read_time(reader);
    status.took = {reader.i64()};
    std::multimap<std::uint64_t, RuleStatus> known;
    for (std::uint64_t n = reader.varint(); n > 0 && reader.ok(); --n) {
        const std::uint64_t identity = reader.u64();
        known.emplace(identity, read_rule(reader));
    }
    if (!reader.ok()) {
        return absl::DataLossError("the state of a group of rules is cut off");
    }
    status.rules.assign(status.group.rules.size(), {});
    for (std::size_t i = 0; i < status.rules.size(); ++i) {
        if (auto node = known.extract(identity_of(status.group.rules[i]))) {
            status.rules[i] = std::move(node.mapped());
        }
    }
    return absl::OkStatus();
}

std::uint64_t digest_of(const GroupStatus& status) {
    std::string text;
    base::ByteWriter writer(text);
    for (std::size_t i = 0; i < status.rules.size(); ++i) {
        const RuleStatus& rule = status.rules[i];
        writer.u64(identity_of(status.group.rules[i]));
        writer.u8(static_cast<std::uint8_t>(rule.health));
        for (Alert alert : rule.alerts) {
            alert.annotations = {};
            alert.value = 0;
            write(writer, alert);
        }
    }
    return base::hash64(text);
}

}  // namespace logi::rule
