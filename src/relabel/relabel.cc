#include "relabel/relabel.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "regex/replace.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace logi {
namespace {

constexpr std::array<std::pair<std::string_view, RelabelAction>, 11> kActions = {
    {{"replace", RelabelAction::kReplace},
     {"keep", RelabelAction::kKeep},
     {"drop", RelabelAction::kDrop},
     {"keepequal", RelabelAction::kKeepEqual},
     {"dropequal", RelabelAction::kDropEqual},
     {"hashmod", RelabelAction::kHashMod},
     {"labelmap", RelabelAction::kLabelMap},
     {"labeldrop", RelabelAction::kLabelDrop},
     {"labelkeep", RelabelAction::kLabelKeep},
     {"lowercase", RelabelAction::kLowercase},
     {"uppercase", RelabelAction::kUppercase}}};

// The last eight bytes of the MD5 sum, as Prometheus's hashmod takes it.
std::uint64_t md5_tail(std::string_view text) {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    LOGI_CHECK(EVP_Digest(text.data(), text.size(), sum, &size, EVP_md5(), nullptr) == 1);
    std::uint64_t tail = 0;
    for (std::size_t i = size - sizeof(tail); i < size; ++i) {
        tail = (tail << 8U) | sum[i];
    }
    return tail;
}

std::string_view get(const std::vector<LabelPair>& labels, std::string_view name) {
    for (const LabelPair& label : labels) {
        if (label.name == name) {
            return label.value;
        }
    }
    return {};
}

void set(std::vector<LabelPair>& labels, std::string_view name, std::string value) {
    std::erase_if(labels, [&](const LabelPair& label) { return label.name == name; });
    if (!value.empty()) {
        labels.push_back({std::string(name), std::move(value)});
    }
}

std::string expand(const regex::Regex& regex,
                   std::string_view replacement,
                   const regex::Groups& groups) {
    std::string out;
    regex::Replacement(regex, replacement).expand(groups, [&](std::string_view piece) {
        out.append(piece);
    });
    return out;
}

Status check(RelabelAction action, const RelabelOptions& o) {
    const auto refuse = [&](auto... parts) {
        return absl::InvalidArgumentError(absl::StrCat(parts...));
    };
    const bool writes = action == RelabelAction::kReplace || action == RelabelAction::kHashMod ||
                        action == RelabelAction::kLowercase || action == RelabelAction::kUppercase;
    const bool compares =
        action == RelabelAction::kKeepEqual || action == RelabelAction::kDropEqual;
    if (action == RelabelAction::kHashMod && o.modulus == 0) {
        return refuse("relabel configuration for hashmod requires non-zero modulus");
    }
    if ((writes || compares) && o.target_label.empty()) {
        return refuse(
            "relabel configuration for ", o.action, " action requires 'target_label' value");
    }
    if (writes && action != RelabelAction::kReplace && !is_label_name(o.target_label)) {
        return refuse(
            "\"", o.target_label, "\" is invalid 'target_label' for ", o.action, " action");
    }
    if (compares &&
        (o.regex != "(.*)" || o.modulus != 0 || o.separator != ";" || o.replacement != "$1")) {
        return refuse(
            o.action,
            " action requires only 'source_labels' and `target_label`, and no other fields");
    }
    const bool names = action == RelabelAction::kLabelDrop || action == RelabelAction::kLabelKeep;
    if (names && (!o.source_labels.empty() || !o.target_label.empty() || o.modulus != 0 ||
                  o.separator != ";" || o.replacement != "$1")) {
        return refuse(o.action, " action requires only 'regex', and no other fields");
    }
    return absl::OkStatus();
}

}  // namespace

StatusOr<RelabelRule> RelabelRule::make(RelabelOptions options) {
    options.action = absl::AsciiStrToLower(options.action);
    const auto* const found = std::find_if(
        kActions.begin(), kActions.end(), [&](const auto& a) { return a.first == options.action; });
    if (found == kActions.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("unknown relabel action \"", options.action, "\""));
    }
    LOGI_RETURN_IF_ERROR(check(found->second, options));
    LOGI_ASSIGN_OR_RETURN(
        auto regex,
        regex::Regex::compile(options.regex, {.dot_matches_newline = true, .anchored = true}));
    RelabelRule rule(found->second, std::move(options));
    rule.regex_ = std::move(regex);
    return rule;
}

std::string RelabelRule::joined_sources(const std::vector<LabelPair>& labels) const {
    std::string joined;
    for (std::size_t i = 0; i < options_.source_labels.size(); ++i) {
        joined.append(i == 0 ? "" : options_.separator);
        joined.append(get(labels, options_.source_labels[i]));
    }
    return joined;
}

void RelabelRule::replace(std::vector<LabelPair>& labels, const std::string& joined) const {
    regex::Groups groups;
    if (!regex_->find(joined, 0, groups)) {
        return;
    }
    const std::string target = expand(*regex_, options_.target_label, groups);
    if (is_label_name(target)) {
        set(labels, target, expand(*regex_, options_.replacement, groups));
    }
}

bool RelabelRule::apply(std::vector<LabelPair>& labels) const {
    const std::string joined = joined_sources(labels);
    switch (action_) {
        case RelabelAction::kKeep:
            return regex_->matches(joined);
        case RelabelAction::kDrop:
            return !regex_->matches(joined);
        case RelabelAction::kKeepEqual:
            return get(labels, options_.target_label) == joined;
        case RelabelAction::kDropEqual:
            return get(labels, options_.target_label) != joined;
        case RelabelAction::kReplace:
            replace(labels, joined);
            break;
        case RelabelAction::kLowercase:
            set(labels, options_.target_label, absl::AsciiStrToLower(joined));
            break;
        case RelabelAction::kUppercase:
            set(labels, options_.target_label, absl::AsciiStrToUpper(joined));
            break;
        case RelabelAction::kHashMod:
            set(labels, options_.target_label, std::to_string(md5_tail(joined) % options_.modulus));
            break;
        case RelabelAction::kLabelMap: {
            const std::vector<LabelPair> before = labels;
            regex::Groups groups;
            for (const LabelPair& label : before) {
                if (regex_->find(label.name, 0, groups)) {
                    set(labels, expand(*regex_, options_.replacement, groups), label.value);
                }
            }
            break;
        }
        case RelabelAction::kLabelDrop:
            std::erase_if(labels,
                          [&](const LabelPair& label) { return regex_->matches(label.name); });
            break;
        case RelabelAction::kLabelKeep:
            std::erase_if(labels,
                          [&](const LabelPair& label) { return !regex_->matches(label.name); });
            break;
    }
    return true;
}

bool RelabelRule::reads(std::string_view name) const {
    const auto& sources = options_.source_labels;
    return std::find(sources.begin(), sources.end(), name) != sources.end() ||
           options_.target_label == name ||
           (action_ == RelabelAction::kLabelMap && regex_->matches(name));
}

bool relabel(const std::vector<RelabelRule>& rules, std::vector<LabelPair>& labels) {
    return std::all_of(
        rules.begin(), rules.end(), [&](const RelabelRule& rule) { return rule.apply(labels); });
}

}  // namespace logi
