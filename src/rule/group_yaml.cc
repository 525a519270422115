#include "rule/group_yaml.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "config/config.h"

#include <yaml-cpp/yaml.h>

#include <array>
#include <functional>

namespace logi::rule {
namespace {

constexpr int kIndent = 4;
constexpr int kYamlVersion = 1;

// Of what is no group.
struct BadGroup {
    std::string why;
};

// Reads nodes, of which a text may name one of a few bytes many times.
class Reader {
  public:
    std::string text(const YAML::Node& node, const char* what) {
        if (node.IsNull()) {
            return "";
        }
        if (!node.IsScalar()) {
            throw BadGroup{absl::StrCat(what, " is no text")};
        }
        count(node.Scalar().size());
        return node.Scalar();
    }
    Duration duration(const YAML::Node& node, const char* what) {
        const std::string told = text(node, what);
        if (told.empty()) {
            return {};
        }
        const auto parsed = config::parse_duration(told);
        if (!parsed.ok()) {
            throw BadGroup{absl::StrCat(what, " is no duration: ", told)};
        }
        return *parsed;
    }
    std::int64_t number(const YAML::Node& node, const char* what) {
        std::int64_t value = 0;
        if (!absl::SimpleAtoi(text(node, what), &value)) {
            throw BadGroup{absl::StrCat(what, " is no number")};
        }
        return value;
    }
    TextMap texts(const YAML::Node& node, const char* what) {
        TextMap out;
        if (!node.IsNull() && !node.IsMap()) {
            throw BadGroup{absl::StrCat(what, " is no map")};
        }
        for (const auto& item : node) {
            out[text(item.first, what)] = text(item.second, what);
        }
        return out;
    }
    Rule rule(const YAML::Node& node) {
        Rule rule;
        read(node,
             {{"record",
               [&](const YAML::Node& v) {
                   rule.record = text(v, "record");
               }},
              {"alert",
               [&](const YAML::Node& v) {
                   rule.alert = text(v, "alert");
               }},
              {"expr",
               [&](const YAML::Node& v) {
                   rule.expr = text(v, "expr");
               }},
              {"for",
               [&](const YAML::Node& v) {
                   rule.wait = duration(v, "for");
               }},
              {"keep_firing_for",
               [&](const YAML::Node& v) {
                   rule.keep_firing = duration(v, "keep_firing_for");
               }},
              {"labels",
               [&](const YAML::Node& v) {
                   rule.labels = texts(v, "labels");
               }},
              {"annotations", [&](const YAML::Node& v) {
                   rule.annotations = texts(v, "annotations");
               }}});
        return rule;
    }
    Group group(const YAML::Node& node) {
        Group group;
        read(node,
             {{"name",
               [&](const YAML::Node& v) {
                   group.name = text(v, "name");
               }},
              {"interval",
               [&](const YAML::Node& v) {
                   group.interval = duration(v, "interval");
               }},
              {"limit",
               [&](const YAML::Node& v) {
                   group.limit = number(v, "limit");
               }},
              {"only",
               [&](const YAML::Node& v) {
                   group.only = text(v, "only");
               }},
              {"rules", [&](const YAML::Node& v) {
                   for (const YAML::Node& item : list(v, "rules")) {
                       group.rules.push_back(rule(item));
                   }
               }}});
        return group;
    }
    YAML::Node list(const YAML::Node& node, const char* what) {
        if (!node.IsNull() && !node.IsSequence()) {
            throw BadGroup{absl::StrCat(what, " is no list")};
        }
        return node;
    }

  private:
    using Setters = std::map<std::string, std::function<void(const YAML::Node&)>>;
    void read(const YAML::Node& node, const Setters& setters) {
        if (!node.IsMap()) {
            throw BadGroup{"not a map"};
        }
        constexpr std::size_t kNodeBytes = 16;
        count(kNodeBytes);
        for (const auto& item : node) {
            if (const auto setter = setters.find(text(item.first, "a key"));
                setter != setters.end()) {
                setter->second(item.second);
            }
        }
    }
    void count(std::size_t bytes) {
        bytes_ += bytes;
        if (bytes_ > kRulesBytesMax) {
            throw BadGroup{"too large"};
        }
    }
    std::size_t bytes_ = 0;
};

// What `read` makes of the document.
template <typename Read>
auto parse(const std::string& yaml, absl::StatusCode code, Read read)
    -> StatusOr<decltype(read(YAML::Node()))> {
    try {
        return read(YAML::Load(yaml));
    } catch (const BadGroup& e) {
        return Status(code, e.why);
    } catch (const YAML::Exception& e) {
        return Status(code, absl::CHexEscape(e.what()));
    }
}

// Whether readers could take the text for something else than a text.
bool needs_quotes(const std::string& text) {
    constexpr std::array<const char*, 10> kWords = {
        "true", "false", "yes", "no", "on", "off", "null", "~", "y", "n"};
    const std::string lower = absl::AsciiStrToLower(text);
    return text.empty() || absl::ascii_isdigit(static_cast<unsigned char>(text.front())) ||
           std::string_view("+-.").find(text.front()) != std::string_view::npos ||
           std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

void emit(YAML::Emitter& out, const std::string& text) {
    if (needs_quotes(text)) {
        out << YAML::DoubleQuoted;
    }
    out << text;
}

void emit(YAML::Emitter& out, const char* key, const std::string& text) {
    if (!text.empty()) {
        out << YAML::Key << key << YAML::Value;
        emit(out, text);
    }
}

void emit(YAML::Emitter& out, const char* key, Duration duration) {
    if (duration.ns != 0) {
        out << YAML::Key << key << YAML::Value << config::format_duration(duration);
    }
}

void emit(YAML::Emitter& out, const char* key, const TextMap& texts) {
    if (texts.empty()) {
        return;
    }
    out << YAML::Key << key << YAML::Value << YAML::BeginMap;
    for (const auto& [name, text] : texts) {
        out << YAML::Key;
        emit(out, name);
        out << YAML::Value;
        emit(out, text);
    }
    out << YAML::EndMap;
}

void emit(YAML::Emitter& out, const Group& group, bool stored) {
    out << YAML::BeginMap << YAML::Key << "name" << YAML::Value;
    emit(out, group.name);
    emit(out, "interval", group.interval);
    if (group.limit != 0) {
        out << YAML::Key << "limit" << YAML::Value << group.limit;
    }
    emit(out, "only", stored ? group.only : "");
    out << YAML::Key << "rules" << YAML::Value;
    if (group.rules.empty()) {
        out << YAML::Flow;
    }
    out << YAML::BeginSeq;
    for (const Rule& rule : group.rules) {
        out << YAML::BeginMap;
        emit(out, "record", rule.record);
        emit(out, "alert", rule.alert);
        out << YAML::Key << "expr" << YAML::Value;
        emit(out, rule.expr);
        emit(out, "for", rule.wait);
        emit(out, "keep_firing_for", rule.keep_firing);
        emit(out, "labels", rule.labels);
        emit(out, "annotations", rule.annotations);
        out << YAML::EndMap;
    }
    out << YAML::EndSeq << YAML::EndMap;
}

void emit(YAML::Emitter& out, const Namespaces& namespaces, bool stored) {
    out << YAML::BeginMap;
    for (const auto& [name, groups] : namespaces) {
        out << YAML::Key;
        emit(out, name);
        out << YAML::Value << YAML::BeginSeq;
        for (const auto& [group_name, group] : groups) {
            emit(out, group, stored);
        }
        out << YAML::EndSeq;
    }
    out << YAML::EndMap;
}

template <typename Write>
std::string written(Write write) {
    YAML::Emitter out;
    out.SetIndent(kIndent);
    write(out);
    return absl::StrCat(out.c_str(), "\n");
}

}  // namespace

StatusOr<Group> parse_group(const std::string& yaml) {
    return parse(yaml, absl::StatusCode::kInvalidArgument, [](const YAML::Node& root) {
        // An empty body is a group without a name, as in Loki.
        Group group = root.IsNull() ? Group() : Reader().group(root);
        group.only.clear();  // nobody else says that
        return group;
    });
}

StatusOr<std::vector<Group>> parse_rule_file(const std::string& yaml) {
    return parse(yaml, absl::StatusCode::kInvalidArgument, [](const YAML::Node& root) {
        std::vector<Group> groups;
        if (root.IsNull()) {
            return groups;
        }
        if (!root.IsMap()) {
            throw BadGroup{"not a map with the key 'groups'"};
        }
        Reader reader;
        const YAML::Node list = root["groups"];
        if (!list) {
            return groups;
        }
        for (const YAML::Node& item : reader.list(list, "groups")) {
            groups.push_back(reader.group(item));
            groups.back().only.clear();
        }
        return groups;
    });
}

std::string group_yaml(const Group& group) {
    return written([&](YAML::Emitter& out) { emit(out, group, false); });
}

std::string namespaces_yaml(const Namespaces& namespaces) {
    return written([&](YAML::Emitter& out) { emit(out, namespaces, false); });
}

std::string encode_rules(const Namespaces& namespaces, const std::vector<std::uint64_t>& changes) {
    return written([&](YAML::Emitter& out) {
        out << YAML::BeginMap << YAML::Key << "version" << YAML::Value << kYamlVersion << YAML::Key
            << "changes" << YAML::Value << YAML::Flow << YAML::BeginSeq;
        for (const std::uint64_t change : changes) {
            out << YAML::DoubleQuoted << absl::StrFormat("%016x", change);
        }
        out << YAML::EndSeq << YAML::Key << "namespaces" << YAML::Value;
        emit(out, namespaces, true);
        out << YAML::EndMap;
    });
}

StatusOr<StoredRules> decode_rules(const std::string& object) {
    return parse(object, absl::StatusCode::kDataLoss, [](const YAML::Node& root) {
        if (!root.IsMap() || !root["version"] || root["version"].as<int>() != kYamlVersion) {
            throw BadGroup{"not rules of a version that is known"};
        }
        StoredRules stored;
        for (const auto& change : root["changes"]) {
            std::uint64_t id = 0;
            if (!absl::SimpleHexAtoi(change.as<std::string>(), &id)) {
                throw BadGroup{"a change has no id"};
            }
            stored.changes.push_back(id);
        }
        Reader reader;
        for (const auto& item : root["namespaces"]) {
            auto& groups = stored.namespaces[item.first.as<std::string>()];
            for (const YAML::Node& node : item.second) {
                Group group = reader.group(node);
                groups[group.name] = std::move(group);
            }
        }
        return stored;
    });
}

}  // namespace logi::rule
