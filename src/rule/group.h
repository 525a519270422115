// Recording and alerting rules as tenants write them: groups in namespaces.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::rule {

// The label that holds the name of a series.
inline constexpr const char* kMetricName = "__name__";

using TextMap = std::map<std::string, std::string>;

// Either records or alerts.
struct Rule {
    std::string record;  // the name of the series
    std::string alert;
    std::string expr;
    Duration wait;         // `for`: so long before an alert fires
    Duration keep_firing;  // `keep_firing_for`: so long after the last sample
    TextMap labels;
    TextMap annotations;

    [[nodiscard]] const std::string& name() const { return record.empty() ? alert : record; }
    friend bool operator==(const Rule&, const Rule&) = default;
};

// Rules that are evaluated one after another, at one time.
struct Group {
    std::string name;
    Duration interval;       // 0: the ruler's
    std::int64_t limit = 0;  // series, or alerts, of a rule; 0: no limit
    std::vector<Rule> rules;
    // A selector: its rules see no other streams, as who wrote it sees no others; empty: all.
    std::string only;

    friend bool operator==(const Group&, const Group&) = default;
};

using Namespaces = std::map<std::string, std::map<std::string, Group>>;

// All of a tenant's. Immutable.
struct RuleSet {
    std::uint64_t number = 0;  // greater with each change; 0: there never were any
    Namespaces namespaces;
};

// What tells a group from all others.
struct GroupKey {
    std::string tenant;
    std::string name_space;
    std::string group;

    friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
};

}  // namespace logi::rule
