// What the comparisons on random data have in common: cases from seeds, the fewest entries that
// show what differs, arguments and figures.
#pragma once

#include "random_query.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace logi::reference {

struct Case {
    std::uint64_t seed = 0;
    std::vector<Entry> entries;
    RandomQuery query;
};

// Leaves out entries, larger parts first, as long as something still differs.
void shrink(Case& c, const std::function<bool(const Case&)>& differs);

// How to run the case again, its query and entries, and what was found.
void print(const Case& c, const std::string& found);

struct Counts {
    std::size_t queries = 0;
    std::size_t differing = 0;
    std::size_t failed = 0;
    std::size_t empty = 0;

    void add(bool fails, bool is_empty) {
        ++queries;
        failed += fails ? 1U : 0U;
        empty += is_empty ? 1U : 0U;
    }
};

struct Arguments {
    std::uint64_t seed = 1;
    std::size_t count = 0;
    std::string query;  // instead of random ones
};

// [--seed N|random] [--count M] [--query Q]. Nothing: how to call it was printed.
std::optional<Arguments> read_arguments(int argc, char** argv, std::size_t count);

}  // namespace logi::reference
