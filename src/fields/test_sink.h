// For tests: writes down what a parser gives.
#pragma once

#include "fields/field_sink.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace logi::fields {

class TestSink : public FieldSink {
  public:
    bool add(std::string_view name, std::string_view value) override {
        seen_.push_back(std::string(name) + "=" + std::string(value));
        return seen_.size() < stop_after;
    }
    bool set(std::string_view name, std::string_view value) override {
        return add(std::string(name) + ":", value);
    }
    void set_missing(std::string_view name, bool keep_extracted) override {
        seen_.push_back(std::string(name) + (keep_extracted ? "?" : "!"));
    }
    [[nodiscard]] bool wants(std::string_view name) const override { return name != unwanted; }
    [[nodiscard]] bool wants_prefix(std::string_view prefix) const override {
        return prefix != unwanted;
    }

    [[nodiscard]] const std::vector<std::string>& seen() const { return seen_; }
    // All that was seen, joined by '|'.
    [[nodiscard]] std::string text() const {
        std::string out;
        for (const auto& item : seen_) {
            out.append(out.empty() ? "" : "|").append(item);
        }
        return out;
    }

    std::size_t stop_after = 1U << 20U;
    std::string unwanted = "-";

  private:
    std::vector<std::string> seen_;
};

// The fields of one line, and behind them the error if there is one: a=1|b=2|JSONParserErr: text.
template <typename Parser>
std::string fields_of(const Parser& parser, std::string_view line) {
    TestSink sink;
    Scratch scratch;
    const ParseError error = parser.parse(line, sink, scratch);
    std::string out = sink.text();
    if (!error.ok()) {
        out.append(out.empty() ? "" : "|").append(error.kind);
        out.append(": ").append(error.details);
    }
    return out;
}

struct LineCase {
    std::string line;
    std::string fields;
};

template <typename Parser>
void expect_fields(const Parser& parser, const std::vector<LineCase>& cases) {
    for (const auto& [line, fields] : cases) {
        EXPECT_EQ(fields_of(parser, line), fields) << line;
    }
}

}  // namespace logi::fields
