// What hosts under load, with worn shells or with odd answers do to a command (issue 8, items 16, 17, 20, 22).
#include "client_fixture.h"

#include "shell/client_faults.h"

#include <functional>

namespace winrm::shell {
namespace {

using namespace std::chrono_literals;

class odd_host : public client_test
{
protected:
    /// What a Send carries, with '$' for the mark of its end.
    static std::string input_of(outgoing send)
    {
        send.request.header.message_id = "uuid:1";
        const auto request = wsman::read_request(wsman::write_request(send.request), base::limits{});
        std::string got;
        const auto blocks = read_send(std::get<wsman::incoming_request>(request));
        for (const auto& b : std::get<std::vector<stream_block>>(blocks)) got += b.data + (b.end ? "$" : "");
        return got;
    }

    /// A kept shell "old" that refuses its command with this.
    void refuse_in_kept_shell(fault_code why)
    {
        shell_info kept;
        kept.shell_id = "old";
        machine.attach(kept);
        command = machine.run({"x", {}, {}, {}, {}});
        answer(take(wsman::action::command), no(why));
    }

    static fault_info coded(std::uint32_t code)
    {
        fault_info f;
        f.code = code;
        return f;
    }
    static wsman::incoming_reply with_code(std::uint32_t code)
    {
        auto text = wsman::write_fault({"uuid:2", ""}, {fault_code::key_deleted, {}, {}}, "host");
        const std::string from = std::to_string(static_cast<std::uint32_t>(fault_code::key_deleted));
        const std::string to = std::to_string(code);
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
        return read(text);
    }
};

TEST_F(odd_host, s16_a_send_that_timed_out_was_taken_and_never_goes_twice)
{
    struct row
    {
        const char* what;
        std::vector<std::optional<fault_code>> answers; ///< to each Send; none = taken
        std::vector<std::string> sent;
    };
    constexpr auto late = fault_code::operation_timed_out, busy = fault_code::busy;
    for (const row& r : {row{"the first", {late, {}}, {"one", "two$"}},
                         row{"the first, and it is at work still",
                             {late, busy, busy, busy, {}},
                             {"one", "two$", "two$", "two$", "two$"}},
                         row{"every one", {late, late}, {"one", "two$"}}, row{"the last", {{}, late}, {"one", "two$"}},
                         row{"after a busy one, of which nothing was taken", {busy, late}, {"one", "onetwo$"}}}) {
        SCOPED_TRACE(r.what);
        anew();
        const auto receive = start();
        machine.send_input(command, "one", false);
        collect();
        machine.send_input(command, "two", true);
        bool pause = false;
        for (std::size_t i = 0; i < r.answers.size(); ++i) {
            const auto send = take(wsman::action::send);
            EXPECT_EQ(input_of(send), r.sent[i]);
            EXPECT_EQ(send.delay.count() > 0, pause) << "the host is under load";
            pause = r.answers[i].has_value();
            answer(send, r.answers[i] ? no(*r.answers[i]) : ok(wsman::action::send));
        }
        EXPECT_TRUE(asked.empty());
        ASSERT_EQ(event<command_failed>(), nullptr);
        answer(receive, received(command_state::done, 0));
        EXPECT_NE(event<command_done>(), nullptr);
    }
}

TEST_F(odd_host, s16_after_a_timeout_the_host_is_busy_for_as_long_as_the_command_does_not_read)
{
    start();
    machine.send_input(command, "one", true);
    collect();
    answer(take(wsman::action::send), no(fault_code::operation_timed_out));
    EXPECT_TRUE(asked.empty()) << "the end was taken, too";

    anew();
    start();
    machine.send_input(command, "one", false);
    answer(take(wsman::action::send), no(fault_code::operation_timed_out));
    machine.send_input(command, "two", false);
    milliseconds last{0};
    for (int i = 0; i < 20; ++i) {
        const auto send = take(wsman::action::send);
        EXPECT_EQ(input_of(send), "two");
        EXPECT_EQ(send.delay, longer_pause(last));
        last = send.delay;
        answer(send, i % 2 == 0 ? no(fault_code::busy) : with_code(0x800700AA)); // the same as HRESULT
    }
    EXPECT_EQ(event<command_failed>(), nullptr);
}

TEST_F(odd_host, s17_a_worn_shell_is_replaced_and_the_command_runs_once)
{
    for (const fault_code worn : used_up_quota_faults()) {
        for (const bool delete_works : {true, false}) {
            SCOPED_TRACE(static_cast<std::uint32_t>(worn));
            anew();
            refuse_in_kept_shell(worn);
            machine.send_input(command, "in", true); // is kept for the new one
            const auto del = take(wsman::action::delete_);
            EXPECT_EQ(*del.request.header.selectors.find("ShellId"), "old");
            EXPECT_TRUE(asked.empty()) << "a user at his quota gets no new shell before the old one has gone";
            if (delete_works) answer(del, ok(wsman::action::delete_));
            else machine.handle_failure(del.id, error(errc::timeout, "no answer"), false);
            answer(take(wsman::action::create), created("new"));
            const auto again = take(wsman::action::command);
            EXPECT_EQ(*again.request.header.selectors.find("ShellId"), "new");
            answer(again, started());
            const auto receive = take(wsman::action::receive);
            EXPECT_EQ(input_of(take(wsman::action::send)), "in$");
            answer(receive, received(command_state::done, 3));
            ASSERT_NE(event<command_done>(), nullptr);
            EXPECT_EQ(event<command_done>()->exit_code, 3);
            EXPECT_EQ(event<command_failed>(), nullptr);
            EXPECT_EQ(machine.shell_id(), "new");
        }
    }
}

TEST_F(odd_host, s17_once_and_only_where_a_new_shell_can_help)
{
    refuse_in_kept_shell(fault_code::quota_operations_per_user);
    answer(take(wsman::action::delete_), ok(wsman::action::delete_));
    answer(take(wsman::action::create), created("new"));
    answer(take(wsman::action::command), no(fault_code::quota_operations_per_user));
    EXPECT_TRUE(asked.empty());
    ASSERT_NE(event<command_failed>(), nullptr) << "once";
    EXPECT_EQ(event<command_failed>()->error.fault()->code, 0x803381A6U);

    for (const fault_code other : {fault_code::quota_user, fault_code::quota_shells_per_user, fault_code::quota_limit,
                                   fault_code::operation_timed_out, fault_code::access_denied}) {
        anew();
        refuse_in_kept_shell(other);
        EXPECT_TRUE(asked.empty());
        EXPECT_NE(event<command_failed>(), nullptr) << static_cast<std::uint32_t>(other);
    }

    anew();
    open_shell();
    machine.run({"x", {}, {}, {}, {}});
    answer(take(wsman::action::command), no(fault_code::quota_processes_per_shell));
    EXPECT_TRUE(asked.empty());
    EXPECT_NE(event<command_failed>(), nullptr) << "a shell that has run nothing is not worn";

    anew();
    start();
    machine.run({"y", {}, {}, {}, {}});
    answer(take(wsman::action::command), no(fault_code::quota_processes_per_shell));
    EXPECT_TRUE(asked.empty());
    EXPECT_NE(event<command_failed>(), nullptr) << "the other command is not killed for this one";

    anew();
    answer(start(), no(fault_code::quota_operations_per_user));
    take(wsman::action::signal);
    EXPECT_TRUE(asked.empty());
    EXPECT_NE(event<command_failed>(), nullptr) << "a command that runs is not run again";
}

TEST_F(odd_host, s17_a_shell_of_our_own_wears_out_too)
{
    answer(start(), received(command_state::done, 0));
    const auto signal = take(wsman::action::signal);
    machine.run({"y", {}, {}, {}, {}});
    answer(take(wsman::action::command), no(fault_code::quota_plugin_operations));
    EXPECT_TRUE(asked.empty()) << "Delete waits for the Signal";
    answer(signal, ok(wsman::action::signal));
    answer(take(wsman::action::delete_), ok(wsman::action::delete_));
    answer(take(wsman::action::create), created("new"));
    answer(take(wsman::action::command), started());
    answer(take(wsman::action::receive), received(command_state::done, 4));
    EXPECT_EQ(event<command_failed>(), nullptr);
}

TEST_F(odd_host, s17_closed_while_the_shell_is_replaced)
{
    refuse_in_kept_shell(fault_code::quota_operations_per_user);
    const auto del = take(wsman::action::delete_);
    machine.close();
    collect();
    EXPECT_TRUE(asked.empty()) << "it is being deleted already";
    ASSERT_NE(event<command_failed>(), nullptr);
    EXPECT_EQ(event<command_failed>()->error.code(), errc::cancelled);
    answer(del, ok(wsman::action::delete_));
    EXPECT_TRUE(asked.empty() && machine.finished());

    anew();
    refuse_in_kept_shell(fault_code::quota_operations_per_user);
    answer(take(wsman::action::delete_), ok(wsman::action::delete_));
    const auto create = take(wsman::action::create);
    machine.close();
    answer(create, created("new"));
    EXPECT_EQ(*take(wsman::action::delete_).request.header.selectors.find("ShellId"), "new");
}

TEST_F(odd_host, s20_a_final_state_is_final)
{
    const auto state = [](const std::string& word, const std::string& code) {
        return "<rsp:CommandState CommandId=\"C\" State=\"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/"
               "CommandState/" +
               word + "\">" + (code.empty() ? "" : "<rsp:ExitCode>" + code + "</rsp:ExitCode>") + "</rsp:CommandState>";
    };
    const std::string block = "<rsp:Stream Name=\"stdout\" CommandId=\"C\">QQ==</rsp:Stream>";
    const std::string end = "<rsp:Stream Name=\"stdout\" CommandId=\"C\" End=\"true\"/>";
    struct row
    {
        const char* what;
        std::string body;
        std::optional<std::int32_t> code;
        std::string out{};
    };
    for (const row& r :
         {row{"Running follows", state("Done", "3") + state("Running", ""), 3},
          row{"Running stands before", state("Running", "") + state("Done", "3"), 3},
          row{"Running with a code of its own follows", state("Done", "3") + state("Running", "259"), 3},
          row{"Running with a code of its own stands before", state("Running", "259") + state("Done", "3"), 3},
          row{"Pending follows", state("Done", "0") + state("Pending", ""), 0},
          row{"Done twice", state("Done", "3") + state("Done", "4"), 3},
          row{"the code comes after", state("Done", "") + state("Running", "5"), 5},
          row{"the code comes before", state("Running", "5") + state("Done", ""), 5},
          row{"nonsense follows", state("Done", "3") + state("Rested", "x") + "<rsp:CommandState/>", 3},
          row{"two codes in one state",
              "<rsp:CommandState State=\"x/Done\"><rsp:ExitCode>3</rsp:ExitCode><rsp:ExitCode>4</rsp:ExitCode>"
              "</rsp:CommandState>",
              3},
          // End decides nothing on this side, so what follows it is not thrown away.
          row{"output after the end of its stream", end + block + state("Done", "0"), 0, "A"},
          row{"output after Done", state("Done", "0") + block, 0, "A"}}) {
        SCOPED_TRACE(r.what);
        anew();
        auto text = wsman::write_reply({"uuid:2", ""}, wsman::action::response_of(wsman::action::receive),
                                       [](xml::writer& w) { w.open("rsp:ReceiveResponse").text("@").close(); });
        text.replace(text.find('@'), 1, r.body);
        const auto reply = read(text);
        EXPECT_FALSE(is_empty_receive_reply(reply));
        const auto receive = start();
        answer(receive, reply);
        ASSERT_NE(event<command_done>(), nullptr);
        EXPECT_EQ(event<command_done>()->exit_code, r.code);
        EXPECT_EQ(event<command_output>() == nullptr ? "" : event<command_output>()->data, r.out);
        take(wsman::action::signal);
        EXPECT_TRUE(asked.empty()) << "nothing more is asked for";
        answer(receive, received(command_state::running, 9)); // a later answer changes nothing either
        EXPECT_TRUE(asked.empty());
        EXPECT_EQ(std::count_if(events.begin(), events.end(),
                                [](const auto& e) { return std::holds_alternative<command_done>(e); }),
                  1);
    }
}

TEST_F(odd_host, s20_the_id_of_a_new_shell_is_the_first_that_is_named)
{
    const std::string created = "<x:ResourceCreated xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\">"
                                "<a:ReferenceParameters><w:SelectorSet><w:Selector Name=\"ShellId\">%</w:Selector>"
                                "</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>";
    for (const char* id : {"", "other"}) {
        anew();
        auto text =
            wsman::write_reply({"uuid:2", ""}, wsman::action::response_of(wsman::action::create), [](xml::writer& w) {
                shell_info s;
                s.shell_id = "S";
                write_create_reply(w, s, "http://host");
            });
        const auto at = text.find("<x:ResourceCreated");
        ASSERT_NE(at, std::string::npos);
        const std::string end = "</x:ResourceCreated>";
        std::string more = text.substr(at, text.find(end) + end.size() - at);
        more.replace(more.find(">S<") + 1, 1, id);
        text.insert(text.find(end) + end.size(), more);
        machine.open();
        answer(take(wsman::action::create), read(text));
        EXPECT_EQ(machine.shell_id(), "S");
    }
}

TEST_F(odd_host, s22_a_shell_that_could_not_be_started_is_asked_for_once_more)
{
    for (const std::uint32_t code : {1018U, 0x800703FAU}) {
        anew();
        machine.open();
        machine.run({"x", {}, {}, {}, {}});
        const auto first = take(wsman::action::create);
        answer(first, with_code(code));
        ASSERT_EQ(event<command_failed>(), nullptr);
        const auto second = take(wsman::action::create);
        EXPECT_EQ(wsman::write_request(second.request), wsman::write_request(first.request));
        EXPECT_GT(second.delay.count(), 0) << "the profile is still being unloaded";
        answer(second, created());
        take(wsman::action::command);

        anew();
        machine.open();
        machine.run({"x", {}, {}, {}, {}});
        answer(take(wsman::action::create), with_code(code));
        answer(take(wsman::action::create), with_code(code));
        EXPECT_TRUE(asked.empty()) << "not for ever";
        ASSERT_NE(event<command_failed>(), nullptr);
        const auto& e = event<command_failed>()->error;
        EXPECT_NE(e.message().find("could not start a shell"), std::string::npos) << e;
        EXPECT_NE(e.message().find("try again"), std::string::npos) << e;
        EXPECT_EQ(e.fault()->code, code);
        EXPECT_TRUE(machine.finished());

        anew();
        machine.open();
        const auto create = take(wsman::action::create);
        machine.close();
        answer(create, with_code(code));
        EXPECT_TRUE(asked.empty() && machine.finished()) << "nobody wants it any more";
    }
}

TEST_F(odd_host, s22_what_may_have_happened_is_said)
{
    struct row
    {
        const char* what;
        bool at_create;
        std::function<wsman::incoming_reply()> reply;
        const char* words; ///< "" = the host said that nothing was started
    };
    for (const row& r :
         {row{"Create times out", true, [&] { return no(fault_code::operation_timed_out); },
              "may or may not have been opened"},
          row{"Create names no shell", true, [&] { return ok(wsman::action::create); }, "may have been opened"},
          row{"Create is refused", true, [&] { return no(fault_code::quota_shells_per_user); }, ""},
          row{"Command times out", false, [&] { return no(fault_code::operation_timed_out); },
              "may or may not have started"},
          row{"Command names no command", false, [&] { return ok(wsman::action::command); },
              "may or may not have started"},
          row{"Command is refused", false, [&] { return no(fault_code::quota_user); }, ""}}) {
        SCOPED_TRACE(r.what);
        anew();
        if (!r.at_create) open_shell();
        else machine.open();
        machine.run({"x", {}, {}, {}, {}});
        answer(take(r.at_create ? wsman::action::create : wsman::action::command), r.reply());
        ASSERT_NE(event<command_failed>(), nullptr);
        const auto& e = event<command_failed>()->error;
        EXPECT_NE(e.message().find(r.words), std::string::npos) << e;
        EXPECT_EQ(e.message().find("may") != std::string::npos && e.message().find("may not do") == std::string::npos,
                  *r.words != '\0')
            << e;
        EXPECT_EQ(e.remedy(), *r.words != '\0' ? remedy::list_shells : remedy::none) << e;
        EXPECT_EQ(e.code() == errc::fault, e.fault() != nullptr);
    }
}

TEST_F(odd_host, s22_a_win32_error_means_the_same_as_hresult)
{
    for (const std::uint32_t high : {0U, 0x80070000U}) {
        EXPECT_TRUE(is_busy(coded(high | 170U)));
        EXPECT_TRUE(shell_is_gone(coded(high | 1018U)));
        EXPECT_TRUE(profile_was_unloaded(coded(high | 1018U)));
        EXPECT_TRUE(input_is_unwanted(coded(high | 995U)));
    }
    EXPECT_FALSE(is_busy(coded(0x803300AA)));
    EXPECT_FALSE(shell_is_gone(coded(0)));
    for (const fault_code f : used_up_quota_faults()) EXPECT_TRUE(wsman::is_quota(f));
    EXPECT_EQ(used_up_quota_faults().size(), 4U);
}

} // namespace
} // namespace winrm::shell
