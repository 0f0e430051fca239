// A PowerShell shell over WS-Management with every message lost, cut or doubled at every step, plain and compressed,
// against a service that repeats lost output and one that does not.
#include "sim/powershell_world.h"

#include <gtest/gtest.h>

namespace winrm::sim {
namespace {

using psrp::carry_stream;

const base::uuid first = *base::uuid::parse("11111111-0000-0000-0000-000000000001");
const base::uuid second = *base::uuid::parse("11111111-0000-0000-0000-000000000002");

std::string text_of(std::size_t size)
{
    std::string text;
    while (text.size() < size) text += "<I32>" + std::to_string(text.size()) + "</I32>";
    return text;
}

struct conversation
{
    const char* name;
    std::vector<script_step> script;
    std::string pool;
    std::map<base::uuid, std::string> output;
};

std::vector<conversation> conversations()
{
    const order_content open = psrp::carry_open{"capability"}, close = psrp::carry_close{};
    const auto pipeline = [](const base::uuid& id, std::string line) -> order_content {
        return psrp::carry_pipeline{id, std::move(line)};
    };
    const auto data = [](std::optional<base::uuid> id, std::string text,
                         carry_stream s = carry_stream::normal) -> order_content {
        return psrp::carry_data{id, s, std::move(text)};
    };
    const auto end = [](const base::uuid& id) -> order_content { return psrp::carry_close_pipeline{id}; };
    const std::string long_text = text_of(150'000), short_text = text_of(4000);
    return {
        {"echo",
         {open, await_pool{10}, pipeline(first, "echo hello"), await_end{first}, end(first), close},
         "capability",
         {{first, "hello"}}},
        {"input",
         {open, await_pool{10}, pipeline(first, "cat"), data(first, long_text),
          data(first, "yes", carry_stream::prompt_response), data(first, "END"), await_end{first}, end(first), close},
         "capability",
         {{first, long_text + "yesEND"}}},
        {"big output",
         {open, await_pool{10}, pipeline(first, "big 420000"), await_end{first}, end(first), close},
         "capability",
         {{first, std::string(420'000, 'x')}}},
        {"pool messages",
         {open, data({}, short_text), data({}, "again"), await_pool{15 + short_text.size()}, pipeline(first, "echo x"),
          await_end{first}, end(first), close},
         "capability" + short_text + "again",
         {{first, "x"}}},
        {"silence",
         {open, await_pool{10}, pipeline(first, "silent 200000"), await_end{first}, end(first), close},
         "capability",
         {{first, ""}}},
        {"stopped",
         {open, await_pool{10}, pipeline(first, "wait"), psrp::carry_stop{first}, await_end{first}, end(first), close},
         "capability",
         {{first, ""}}},
        {"two at once",
         {open, await_pool{10}, pipeline(first, "cat"), pipeline(second, "big 200000"), data(first, short_text),
          await_end{second}, end(second), data(first, "END"), await_end{first}, end(first), close},
         "capability",
         {{first, short_text + "END"}, {second, std::string(200'000, 'x')}}},
        {"left in the middle",
         {open, await_pool{10}, pipeline(first, "wait"), end(first), close},
         "capability",
         {{first, ""}}},
        {"away and back",
         {open, await_pool{10}, pipeline(first, "cat"), order_content(psrp::carry_disconnect{}),
          order_content(psrp::carry_reconnect{}), data(first, "after END"), await_end{first}, end(first), close},
         "capability",
         {{first, "after END"}}},
    };
}

/// What may be told of a mishap: itself, the host's own word, or a state that it led to.
bool is_named(const winrm::error& e)
{
    switch (e.code()) {
    case errc::connect:
    case errc::connection_lost:
    case errc::answer_cut:
    case errc::cancelled: return true;
    case errc::fault: return e.fault() != nullptr && wsman::find_fault(e.fault()->code) != nullptr;
    default: return false;
    }
}

struct setting
{
    const char* name;
    bool compressed, repeats_output;
};
constexpr setting settings[] = {
    {"plain", false, true}, {"compressed", true, true}, {"compressed, as Windows", true, false}};

powershell_world world_of(const conversation& c, const setting& s)
{
    shell::client_options o;
    if (s.compressed) o.create.compression = "xpress";
    shell::table_options t;
    t.counts_answers = s.repeats_output;
    return {c.script, std::move(o), std::move(t)};
}

void check(const conversation& c, const setting& s, std::size_t at, mishap what)
{
    auto w = world_of(c, s);
    w.arrange(at, what);
    ASSERT_TRUE(w.run()) << "a hang";
    for (const auto& [id, times] : w.ended) EXPECT_EQ(times, 1U);
    for (const auto& e : w.errors) EXPECT_TRUE(is_named(e)) << e;
    const bool again = what == mishap::request_doubled && w.actions.at(at) == "Send"; // brings its input twice
    for (const auto& [id, whole] : c.output) {
        const std::string& got = w.output[id];
        if (again) continue;
        const bool uncertain = w.carrier.output_uncertain();
        EXPECT_TRUE(uncertain ? got.size() <= whole.size() : whole.starts_with(got)) << "a gap, or something twice";
        EXPECT_TRUE(!w.errors.empty() || uncertain || got.size() == whole.size());
    }
    w.idle(3h);
    EXPECT_EQ(w.table.objects(), 0U);
    EXPECT_TRUE(w.processes.empty());
}

TEST(powershell, conversations_come_to_their_end)
{
    for (const auto& c : conversations()) {
        std::size_t plain = 0;
        for (const setting& s : settings) {
            SCOPED_TRACE(std::string(c.name) + ", " + s.name);
            auto w = world_of(c, s);
            ASSERT_TRUE(w.run());
            EXPECT_TRUE(w.errors.empty()) << w.errors.front();
            EXPECT_EQ(w.pool_output, c.pool);
            for (const auto& [id, whole] : c.output) EXPECT_TRUE(w.output[id] == whole) << w.output[id].size();
            EXPECT_EQ(w.table.objects(), 0U);
            if (!s.compressed) plain = w.octets;
            EXPECT_TRUE(!s.compressed || plain < 300'000 || w.octets < plain / 2) << w.octets << " of " << plain;
        }
    }
}

TEST(powershell, every_message_lost_cut_or_doubled_at_every_step)
{
    for (const auto& c : conversations()) {
        for (const setting& s : settings) {
            auto whole = world_of(c, s);
            ASSERT_TRUE(whole.run());
            for (std::size_t at = 0; at < whole.actions.size(); ++at) {
                for (const auto what :
                     {mishap::not_sent, mishap::request_lost, mishap::request_cut, mishap::request_doubled,
                      mishap::answer_lost, mishap::answer_cut, mishap::answer_doubled}) {
                    SCOPED_TRACE(std::string(c.name) + ", " + s.name + ", exchange " + std::to_string(at) + " (" +
                                 whole.actions[at] + "), mishap " + std::to_string(static_cast<int>(what)));
                    check(c, s, at, what);
                }
            }
        }
    }
}

} // namespace
} // namespace winrm::sim
