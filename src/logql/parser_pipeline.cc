// Stream selectors and the stages behind them.
#include "logql/checks.h"
#include "logql/errors.h"
#include "logql/lexer.h"
#include "logql/names.h"
#include "logql/parser_impl.h"

namespace logi::logql {

StatusOr<LogExpr> Parser::log_query() {
    LogExpr log;
    LOGI_ASSIGN_OR_RETURN(log.matchers, selector());
    LOGI_RETURN_IF_ERROR(pipeline(log.stages, false));
    return log;
}

StatusOr<std::vector<Matcher>> Parser::selector() {
    const std::size_t at = at_++;
    std::vector<Matcher> matchers;
    if (!is("}")) {
        do {
            if (!is(TokenKind::kIdentifier)) {
                return unexpected(matchers.empty() ? "IDENTIFIER or }" : "IDENTIFIER");
            }
            LOGI_ASSIGN_OR_RETURN(Matcher next, matcher(take_text()));
            matchers.push_back(std::move(next));
        } while (take(","));
    }
    LOGI_RETURN_IF_ERROR(expect("}", "} or ,"));
    const bool exempt =
        selective_ == Selective::kAny || (selective_ == Selective::kYesOrEmpty && matchers.empty());
    defer(at, exempt ? "" : check_selector(matchers));
    return matchers;
}

// Behind the name.
StatusOr<Matcher> Parser::matcher(std::string name) {
    constexpr std::array<std::string_view, 4> kMatchOps = {"=", "!=", "=~", "!~"};
    const auto op = is(TokenKind::kWord) ? op_of<MatchOp>(kMatchOps, peek().text) : std::nullopt;
    if (!op) {
        return unexpected("= or =~ or !~ or !=");
    }
    ++at_;
    LOGI_ASSIGN_OR_RETURN(std::string value, expect_string());
    auto matcher = Matcher::make(std::move(name), *op, std::move(value));
    const Status status =
        matcher.ok() ? regexes_.charge(matcher->program_bytes()) : matcher.status();
    return status.ok() ? std::move(matcher) : parse_failure(message_of(status));
}

bool Parser::at_unwrap() const {
    return is("|") && is("unwrap", 1);
}

Status Parser::pipeline(std::vector<Stage>& stages, bool unwrap_allowed) {
    while (is(TokenKind::kWord)) {
        if (const auto op = op_of<FilterOp>(kFilterOps, peek().text)) {
            ++at_;
            LOGI_RETURN_IF_ERROR(line_filter(*op, stages));
            continue;
        }
        if (!is("|") || (unwrap_allowed && at_unwrap())) {
            break;
        }
        ++at_;
        LOGI_ASSIGN_OR_RETURN(Stage next, stage());
        stages.push_back(std::move(next));
    }
    return absl::OkStatus();
}

// Behind the operator. Each alternative of a negative one is a stage of its own, as all must be
// absent.
Status Parser::line_filter(FilterOp op, std::vector<Stage>& stages) {
    const bool negative =
        op == FilterOp::kNotContains || op == FilterOp::kNotMatches || op == FilterOp::kNotPattern;
    LineFilterStage stage;
    stage.op = op;
    do {
        LineFilterStage::Alternative alternative;
        if (is_function("ip")) {
            ++at_;
            alternative.ip = true;
            LOGI_RETURN_IF_ERROR(expect("(", "("));
            LOGI_ASSIGN_OR_RETURN(alternative.text, expect_string());
            LOGI_RETURN_IF_ERROR(expect(")", ")"));
        } else if (is(TokenKind::kString)) {
            alternative.text = take_text();
        } else {
            return unexpected("STRING or ip");
        }
        if (negative && !stage.any_of.empty()) {
            stages.emplace_back(std::exchange(stage, LineFilterStage{op, {}}));
        }
        stage.any_of.push_back(std::move(alternative));
    } while (take("or"));
    stages.emplace_back(std::move(stage));
    return absl::OkStatus();
}

// Behind the bar.
StatusOr<Stage> Parser::stage() {
    if (is(TokenKind::kIdentifier) || is("(")) {
        LOGI_ASSIGN_OR_RETURN(LabelFilterPtr filter, label_filter());
        return LabelFilterStage{std::move(filter)};
    }
    if (take("json")) {
        LOGI_ASSIGN_OR_RETURN(auto list, extractions());
        return JsonStage{std::move(list)};
    }
    if (take("logfmt")) {
        LogfmtStage logfmt;
        while (is(TokenKind::kFlag)) {
            (peek().text == "--strict" ? logfmt.strict : logfmt.keep_empty) = true;
            ++at_;
        }
        LOGI_ASSIGN_OR_RETURN(logfmt.extractions, extractions());
        return logfmt;
    }
    if (take("label_format")) {
        return label_format();
    }
    if (take("drop")) {
        LOGI_ASSIGN_OR_RETURN(auto items, names_or_matchers());
        return DropStage{std::move(items)};
    }
    if (take("keep")) {
        LOGI_ASSIGN_OR_RETURN(auto items, names_or_matchers());
        return KeepStage{std::move(items)};
    }
    return word_stage();
}

// A stage of one word, or of a word and a string.
StatusOr<Stage> Parser::word_stage() {
    if (take("unpack")) {
        return UnpackStage{};
    }
    if (take("decolorize")) {
        return DecolorizeStage{};
    }
    if (take("pattern")) {
        LOGI_ASSIGN_OR_RETURN(std::string pattern, expect_string());
        return PatternStage{std::move(pattern)};
    }
    if (take("regexp")) {
        LOGI_ASSIGN_OR_RETURN(std::string regex, expect_string());
        LOGI_RETURN_IF_ERROR(check_regexp_stage(regex, regexes_));
        return RegexpStage{std::move(regex)};
    }
    if (take("line_format")) {
        LOGI_ASSIGN_OR_RETURN(std::string text, expect_string());
        return LineFormatStage{std::move(text)};
    }
    return unexpected();
}

// [name ["=" path] {"," …}]
StatusOr<std::vector<Extraction>> Parser::extractions() {
    std::vector<Extraction> list;
    if (!is(TokenKind::kIdentifier)) {
        return list;
    }
    do {
        Extraction extraction;
        LOGI_ASSIGN_OR_RETURN(extraction.name, expect_identifier());
        extraction.path = extraction.name;
        if (take("=")) {
            LOGI_ASSIGN_OR_RETURN(extraction.path, expect_string());
        }
        list.push_back(std::move(extraction));
    } while (take(","));
    return list;
}

StatusOr<Stage> Parser::label_format() {
    LabelFormatStage stage;
    do {
        LabelFormatStage::Assignment assignment;
        LOGI_ASSIGN_OR_RETURN(assignment.name, expect_identifier());
        LOGI_RETURN_IF_ERROR(expect("=", "="));
        if (!is(TokenKind::kIdentifier) && !is(TokenKind::kString)) {
            return unexpected("IDENTIFIER or STRING");
        }
        assignment.rename = is(TokenKind::kIdentifier);
        assignment.value = take_text();
        stage.assignments.push_back(std::move(assignment));
    } while (take(","));
    return stage;
}

StatusOr<std::vector<NameOrMatcher>> Parser::names_or_matchers() {
    std::vector<NameOrMatcher> items;
    do {
        NameOrMatcher item;
        LOGI_ASSIGN_OR_RETURN(item.name, expect_identifier());
        if (is("=") || is("!=") || is("=~") || is("!~")) {
            LOGI_ASSIGN_OR_RETURN(item.matcher, matcher(item.name));
        }
        items.push_back(std::move(item));
    } while (take(","));
    return items;
}

}  // namespace logi::logql
