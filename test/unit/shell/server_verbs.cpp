// Everything of the table that is not a running command: foreign ids, enumeration, quotas, time.
#include "unit/shell/table_fixture.h"

#include "soap/charset.h"
#include "wsman/enumeration.h"

namespace winrm::shell {
namespace {

using namespace std::chrono_literals;
using wsman::fault_code;

wsman::outgoing_request make(base::bytes_view action, base::bytes_view resource, wsman::body_writer body = {})
{
    wsman::outgoing_request r;
    r.header.action = action;
    r.header.resource_uri = resource;
    r.body = std::move(body);
    return r;
}

wsman::outgoing_request enumerate_commands(const std::string& shell, bool optimize = true, std::size_t max = 100)
{
    wsman::enumerate_request e;
    e.optimize = optimize;
    e.max_elements = max;
    e.filter_dialect = wsman::selector_filter_dialect;
    e.filter_selectors.add("ShellId", shell);
    return make(wsman::action::enumerate, wsman::resource_uri::shell_command, wsman::enumerate_body(e));
}

wsman::outgoing_request enumerate_shells(bool optimize, std::size_t max)
{
    wsman::enumerate_request e;
    e.optimize = optimize;
    e.max_elements = max;
    return make(wsman::action::enumerate, wsman::resource_uri::shell, wsman::enumerate_body(e));
}

class verbs_test : public table_test
{
protected:
    using table_test::table_test;

    struct part
    {
        std::size_t items = 0;
        std::string context;
        bool end = false;
        std::uint32_t code = 0;
    };

    part ask_part(wsman::outgoing_request r)
    {
        ask(std::move(r));
        const auto raw = table.poll_reply();
        const auto read = wsman::read_reply(raw->envelope, base::limits{}, "uuid:m");
        if (read->fault()) return {0, {}, false, read->fault()->code};
        const auto e = wsman::read_enumeration(read->payload());
        EXPECT_TRUE(e);
        return {e->items.size(), e->context, e->end, 0};
    }

    part pull(const std::string& context, std::size_t max, base::bytes_view resource = wsman::resource_uri::shell)
    {
        return ask_part(make(wsman::action::pull, resource, wsman::pull_body({context, max})));
    }
};

TEST_F(verbs_test, an_unknown_shell_is_the_same_fault_for_every_verb)
{
    const auto mine = create();
    start(mine);
    const std::string other = "22222222-2222-2222-2222-222222222222";
    auto connect = make_get(cmd, other);
    connect.header.action = wsman::action::connect;
    auto disconnect = connect, reconnect = connect;
    disconnect.header.action = wsman::action::disconnect;
    reconnect.header.action = wsman::action::reconnect;
    for (const auto& r : {make_get(cmd, other), make_delete(cmd, other),
                          make_command(cmd, other, {"x", {}, {}, {}, {}}), make_send(cmd, other, id, "x", false),
                          make_receive(cmd, other, id, {"stdout"}), make_signal(cmd, other, id, signal_code::terminate),
                          connect, disconnect, reconnect, enumerate_commands(other)}) {
        ask(r);
        const auto a = reply();
        ASSERT_TRUE(a) << r.header.action;
        EXPECT_EQ(a->code, number(fault_code::unexpected_selectors)) << r.header.action;
        EXPECT_EQ(a->envelope.find(other), std::string::npos) << "what does not exist is not talked about";
        EXPECT_FALSE(table.poll_order());
    }
    EXPECT_EQ(table.shells(), 1U);
}

TEST_F(verbs_test, the_shell_id_compares_without_case_and_alone)
{
    create_shell c;
    c.shell_id = "aaaaaaaa-1111-1111-1111-111111111111";
    const auto s = create(c);
    for (const char* other : {"AAAAAAAA-1111-1111-1111-111111111111", "uuid:aaaaaaaa-1111-1111-1111-111111111111",
                              "{aaaaaaaa-1111-1111-1111-111111111111}"})
        EXPECT_EQ(code_of(make_get(cmd, other)), 0U) << other;
    c.shell_id = "uuid:" + c.shell_id;
    EXPECT_EQ(code_of(make_create(c)), number(fault_code::already_exists));
    EXPECT_EQ(code_of(make_get(cmd, "")), number(fault_code::insufficient_selectors));
}

TEST_F(verbs_test, shells_are_enumerated_in_pieces)
{
    for (int i = 0; i < 5; ++i) create();
    const auto all = ask_part(enumerate_shells(true, 100));
    EXPECT_EQ(all.items, 5U);
    EXPECT_TRUE(all.end);
    EXPECT_EQ(table.objects(), 5U) << "nothing stays of a whole answer";
    auto p = ask_part(enumerate_shells(false, 0));
    EXPECT_EQ(p.items, 0U);
    EXPECT_FALSE(p.end);
    EXPECT_EQ(table.objects(), 6U);
    std::size_t got = 0;
    for (int i = 0; i < 3; ++i) {
        p = pull(p.context, 2);
        ASSERT_EQ(p.code, 0U);
        got += p.items;
        EXPECT_EQ(p.end, i == 2);
    }
    EXPECT_EQ(got, 5U);
    EXPECT_EQ(table.objects(), 5U);
}

TEST_F(verbs_test, a_context_ends_by_release_or_time_and_belongs_to_its_resource)
{
    create();
    const auto invalid = number(fault_code::invalid_enumeration_context);
    EXPECT_EQ(pull("nothing", 1).code, invalid);
    auto p = ask_part(enumerate_shells(false, 0));
    EXPECT_EQ(pull(p.context, 1, wsman::resource_uri::shell_command).code, invalid);
    const auto release = make(wsman::action::release, wsman::resource_uri::shell, wsman::release_body(p.context));
    EXPECT_EQ(code_of(release), 0U);
    EXPECT_EQ(code_of(release), invalid);
    p = ask_part(enumerate_shells(false, 0));
    now += 240s;
    table.handle_timeout(now);
    EXPECT_EQ(pull(p.context, 1).code, invalid);
    for (int i = 0; i < 64; ++i) EXPECT_EQ(ask_part(enumerate_shells(false, 0)).code, 0U);
    EXPECT_EQ(ask_part(enumerate_shells(false, 0)).code, number(fault_code::quota_operations_per_user));
}

TEST_F(verbs_test, commands_are_enumerated_by_shell)
{
    const auto s = create();
    start(s);
    start(s, "22222222-2222-2222-2222-222222222222");
    EXPECT_EQ(ask_part(enumerate_commands(s)).items, 2U);
    wsman::enumerate_request e;
    const auto bare = make(wsman::action::enumerate, wsman::resource_uri::shell_command, wsman::enumerate_body(e));
    EXPECT_EQ(code_of(bare), number(fault_code::enumerate_commands_filter_expected));
    e.mode = "EnumerateEPR";
    EXPECT_EQ(code_of(make(wsman::action::enumerate, wsman::resource_uri::shell_command, wsman::enumerate_body(e))),
              number(fault_code::enumerate_commands_epr_not_supported));
    EXPECT_EQ(code_of(make(wsman::action::enumerate, wsman::resource_uri::cmd, wsman::enumerate_body({}))),
              number(fault_code::action_not_supported));
    e = {};
    e.filter_dialect = wsman::selector_filter_dialect;
    e.filter_selectors.add("ShellId", s);
    EXPECT_EQ(code_of(make(wsman::action::enumerate, wsman::resource_uri::cmd, wsman::enumerate_body(e))),
              number(fault_code::filtering_not_supported));
}

TEST_F(verbs_test, identify_tells_the_product)
{
    table.handle_request(request_token{next++}, wsman::write_identify(), "192.0.2.1", now);
    const auto r = table.poll_reply();
    ASSERT_TRUE(r);
    EXPECT_FALSE(r->is_fault);
    EXPECT_NE(r->envelope.find("<wsmid:ProductVersion>1.0</wsmid:ProductVersion>"), std::string::npos) << r->envelope;
}

TEST_F(verbs_test, an_unreadable_envelope_is_a_fault)
{
    table.handle_request(request_token{1}, "<not xml", "192.0.2.1", now);
    table.handle_unreadable(request_token{2}, "The charset is not known.", now);
    for (int i = 1; i <= 2; ++i) {
        const auto r = table.poll_reply();
        ASSERT_TRUE(r);
        EXPECT_TRUE(r->is_fault);
        EXPECT_EQ(r->token, request_token(i));
    }
    EXPECT_EQ(table.objects(), 0U);
}

TEST_F(verbs_test, only_known_options_can_be_insisted_on)
{
    for (const auto& [name, code] : {std::pair{"WINRS_NOPROFILE", 0U}, std::pair{"winrs_noprofile", 0U},
                                     // means something with Receive only
                                     std::pair{"WSMAN_CMDSHELL_OPTION_KEEPALIVE", number(fault_code::invalid_options)},
                                     std::pair{"WINRS_SKIP_CMD_SHELL", number(fault_code::invalid_options)},
                                     std::pair{"WINRS_UNKNOWN", number(fault_code::invalid_options)},
                                     std::pair{"WSMAN_UNKNOWN", number(fault_code::invalid_options)},
                                     std::pair{"protocolversion", number(fault_code::invalid_options)}}) {
        auto r = make_create({});
        r.header.options.add(name, "TRUE", true);
        EXPECT_EQ(code_of(r), code) << name;
        r = make_create({});
        r.header.options.add(name, "TRUE");
        EXPECT_EQ(code_of(r), 0U) << name;
    }
}

TEST_F(verbs_test, what_is_insisted_on_belongs_to_the_verb)
{
    const auto shell = create();
    auto command = make_command(cmd, shell, {"x", {}, id, {}, {}});
    command.header.options.add("WINRS_CODEPAGE", "65001", true);
    EXPECT_EQ(code_of(command), number(fault_code::invalid_options));
    const auto p = start(shell);
    auto asked = make_receive(cmd, shell, id, {"stdout"});
    asked.header.options.add("WSMAN_CMDSHELL_OPTION_KEEPALIVE", "TRUE", true);
    ask(asked);
    table.process_output_end(p, 0, now);
    table.process_output_end(p, 1, now);
    table.process_exited(p, 0, now);
    EXPECT_EQ(reply()->code, 0U);
}

// MS-WSMV 3.1.4.1.31.8.
TEST_F(verbs_test, a_shell_takes_no_request_in_chunks)
{
    const auto shell = create();
    const auto refused = number(fault_code::not_supported);
    EXPECT_EQ(code_of(make_get(cmd, shell), {1, true}), refused);
    EXPECT_EQ(code_of(make_create({}), {1, true}), refused);
    EXPECT_EQ(code_of(make_get(cmd, shell), {1, false}), 0U);
    table.handle_request(request_token{next++}, wsman::write_identify(), "192.0.2.1", now, {1, true});
    EXPECT_FALSE(table.poll_reply()->is_fault);
}

// MS-WSMV 3.1.4.1.7 counts octets, as they go over the wire.
TEST_F(verbs_test, an_answer_fits_the_envelope_in_every_charset)
{
    const auto shell = create();
    const auto p = start(shell);
    std::string printed;
    while (printed.size() < 400'000) printed += "words with \xC3\xA4\n";
    table.process_output(p, 0, printed, now);
    table.process_output_end(p, 0, now);
    table.process_output_end(p, 1, now);
    table.process_exited(p, 0, now);
    for (const auto encoding : {soap::charset::utf8, soap::charset::utf16_le}) {
        for (const std::size_t limit : {8192UL, 20'000UL, 153'600UL}) {
            auto r = make_receive(cmd, shell, id, {"stdout", "stderr"});
            r.header.max_envelope_size = limit;
            ask(r, {encoding == soap::charset::utf8 ? 1UL : 2UL, false});
            auto got = table.poll_reply();
            ASSERT_TRUE(got);
            EXPECT_FALSE(got->is_fault);
            const auto octets = soap::encode(std::move(got->envelope), encoding).size();
            EXPECT_LE(octets, limit);
            EXPECT_GT(octets, limit / 4) << "most of it is used";
        }
    }
    auto tight = make_receive(cmd, shell, id, {"stdout"});
    tight.header.max_envelope_size = 8192;
    tight.header.message_id = "uuid:m";
    tight.header.message_id.append(1'500, '&');
    table.handle_request(request_token{next++}, wsman::write_request(tight), "192.0.2.1", now);
    EXPECT_NE(table.poll_reply()->envelope.find(std::to_string(number(fault_code::max_envelope_size_exceeded))),
              std::string::npos);
}

TEST_F(verbs_test, an_item_that_fits_no_envelope_is_a_fault)
{
    const auto shell = create();
    ask(make_command(cmd, shell, {std::string(8'000, '&'), {}, id, {}, {}}));
    table.process_started(std::get<start_process>(*table.poll_order()).process, 1, now);
    EXPECT_EQ(reply()->code, 0U);
    const auto begun = ask_part(enumerate_commands(shell, false));
    auto next_part =
        make(wsman::action::pull, wsman::resource_uri::shell_command, wsman::pull_body({begun.context, 10}));
    next_part.header.max_envelope_size = 8192;
    EXPECT_EQ(code_of(next_part), number(fault_code::max_envelope_size_exceeded));
    next_part.header.max_envelope_size = 100'000;
    EXPECT_EQ(code_of(next_part), 0U) << "nothing of it was passed over";
}

TEST_F(verbs_test, the_profile_is_told_as_it_is)
{
    for (const bool no_profile : {true, false}) {
        create_shell c;
        c.no_profile = no_profile;
        const auto s = create(c);
        ask(make_get(cmd, s));
        EXPECT_NE(reply()->envelope.find(no_profile ? "<rsp:ProfileLoaded>No<" : "<rsp:ProfileLoaded>Yes<"),
                  std::string::npos);
    }
}

TEST_F(verbs_test, who_hangs_up_takes_the_receive_along_and_nothing_else)
{
    const auto s = create();
    const auto p = start(s);
    const auto token = ask(make_receive(cmd, s, id, {"stdout", "stderr"}));
    const auto waiting = table.objects();
    table.handle_gone(token, now);
    EXPECT_EQ(table.objects(), waiting - 1);
    table.process_output(p, 0, "kept", now);
    now += 1s;
    table.handle_timeout(now);
    EXPECT_FALSE(reply()) << "nobody asks";
    receive(s);
    const auto a = reply();
    ASSERT_TRUE(a);
    EXPECT_NE(a->envelope.find("a2VwdA=="), std::string::npos);
}

TEST_F(verbs_test, the_shorter_operation_timeout_counts)
{
    const auto s = create();
    start(s);
    for (const auto& [asked, until] : {std::pair{20s, 20s}, std::pair{180s, 60s}}) {
        auto r = make_receive(cmd, s, id, {"stdout", "stderr"});
        r.header.operation_timeout = asked;
        ask(r);
        EXPECT_EQ(table.deadline(), now + until);
        now += until - 1ms;
        table.handle_timeout(now);
        EXPECT_FALSE(reply());
        now += 1ms;
        table.handle_timeout(now);
        EXPECT_EQ(reply()->code, number(fault_code::operation_timed_out));
    }
}

TEST_F(verbs_test, an_idle_shell_ends_and_a_waiting_receive_keeps_it)
{
    create_shell c;
    c.idle_timeout = 90s;
    const auto s = create(c);
    start(s);
    for (int i = 0; i < 5; ++i) {
        receive(s);
        now += 60s;
        table.handle_timeout(now);
        EXPECT_EQ(reply()->code, number(fault_code::operation_timed_out));
    }
    EXPECT_EQ(table.deadline(), now + 90s);
    now += 90s;
    table.handle_timeout(now);
    EXPECT_TRUE(std::holds_alternative<kill_process>(*table.poll_order()));
    while (table.poll_order()) {}
    EXPECT_EQ(table.objects(), 0U);
    EXPECT_EQ(code_of(make_get(cmd, s)), number(fault_code::unexpected_selectors));
}

class small_test : public verbs_test
{
protected:
    small_test() : verbs_test(small()) {}

    static table_options small()
    {
        auto o = options();
        o.max_shells_per_user = 2;
        o.max_commands_per_shell = 2;
        o.max_operations_per_user = 3;
        o.shell_lifetime = 100s;
        return o;
    }
};

TEST_F(small_test, shells_are_counted_and_freed)
{
    const auto first = create();
    create();
    EXPECT_EQ(code_of(make_create({})), number(fault_code::quota_shells_per_user));
    EXPECT_EQ(code_of(make_delete(cmd, first)), 0U);
    EXPECT_EQ(code_of(make_create({})), 0U);
}

TEST_F(small_test, commands_are_counted_and_freed)
{
    const auto s = create();
    const auto p = start(s);
    start(s, "22222222-2222-2222-2222-222222222222");
    const auto third = make_command(cmd, s, {"x", {}, {}, {}, {}});
    EXPECT_EQ(code_of(third), number(fault_code::quota_processes_per_shell));
    EXPECT_EQ(code_of(make_signal(cmd, s, "22222222-2222-2222-2222-222222222222", signal_code::terminate)), 0U);
    start(s, "33333333-3333-3333-3333-333333333333");
    receive(s);
    table.process_output_end(p, 0, now);
    table.process_output_end(p, 1, now);
    table.process_exited(p, 0, now);
    EXPECT_EQ(reply()->code, 0U);
    start(s, "44444444-4444-4444-4444-444444444444"); // told Done is free, whether terminated or not
}

TEST_F(small_test, commands_told_done_are_forgotten_oldest_first)
{
    const auto s = create();
    for (int i = 0; i < 20; ++i) {
        const auto name = std::to_string(10 + i) + "000000-0000-0000-0000-000000000000";
        const auto p = start(s, name);
        table.process_output_end(p, 0, now);
        table.process_output_end(p, 1, now);
        table.process_exited(p, 0, now);
        receive(s, name);
        EXPECT_EQ(reply()->code, 0U);
        while (table.poll_order()) {}
        EXPECT_LE(table.objects(), 8U);
    }
    EXPECT_EQ(code_of(make_receive(cmd, s, "29000000-0000-0000-0000-000000000000", {"stdout"})), 0U);
    EXPECT_EQ(code_of(make_receive(cmd, s, "10000000-0000-0000-0000-000000000000", {"stdout"})),
              number(fault_code::unexpected_selectors));
}

TEST_F(small_test, waiting_operations_are_counted_and_freed)
{
    const auto one = create(), two = create();
    const std::string other = "22222222-2222-2222-2222-222222222222";
    start(one);
    start(one, other);
    start(two);
    receive(one);
    receive(one, other);
    receive(two);
    EXPECT_EQ(code_of(make_get(cmd, one)), number(fault_code::quota_operations_per_user));
    EXPECT_EQ(code_of(make_signal(cmd, one, other, signal_code::ctrl_c)), 0U) << "the way out stays open";
    now += 60s;
    table.handle_timeout(now);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(reply()->code, number(fault_code::operation_timed_out));
    EXPECT_EQ(code_of(make_get(cmd, one)), 0U);
}

TEST_F(small_test, no_lifetime_at_all_cannot_be_asked_for)
{
    create_shell c;
    c.lifetime = 0s;
    create(c);
    EXPECT_EQ(table.deadline(), now + 100s);
}

TEST_F(small_test, a_lifetime_is_no_longer_than_allowed_and_ends_a_busy_shell)
{
    create_shell c;
    c.lifetime = 1h;
    const auto s = create(c);
    start(s);
    now += 50s;
    receive(s);
    EXPECT_EQ(table.deadline(), now + 50s);
    now += 50s;
    table.handle_timeout(now);
    EXPECT_EQ(reply()->code, number(fault_code::operation_aborted));
    while (table.poll_order()) {}
    EXPECT_EQ(table.objects(), 0U);
}

class config_test : public verbs_test
{
protected:
    config_test() : verbs_test(with(config)) {}
    static table_options with(wsman::config_resource& c)
    {
        auto o = options();
        o.config = &c;
        return o;
    }
    inline static wsman::config_resource config = [] {
        wsman::config_resource c;
        c.max_envelope_size_kb = 321;
        return c;
    }();
};

TEST_F(config_test, configuration_can_be_read)
{
    ask(make(wsman::action::get, wsman::resource_uri::config));
    const auto raw = table.poll_reply();
    const auto r = wsman::read_reply(raw->envelope, base::limits{}, "uuid:m");
    ASSERT_FALSE(r->fault());
    EXPECT_EQ(wsman::read_config(r->payload())->max_envelope_size_kb, 321U);
    EXPECT_EQ(code_of(make(wsman::action::create, wsman::resource_uri::config)),
              number(fault_code::action_not_supported));
}

class end_log final : public base::log_sink
{
public:
    void write(base::log_level, base::bytes_view event, std::initializer_list<base::log_field> fields) override
    {
        if (event != "command_end") return;
        for (const base::log_field& f : fields) last[std::string{f.key}] = f.value;
    }
    std::map<std::string, std::string> last;
};

/// s9: the field was called "verb".
TEST_F(verbs_test, the_log_gives_the_reason_for_a_commands_end)
{
    end_log lines;
    server_table logged{options(), base::system_random(), lines, now};
    const auto tell = [&](wsman::outgoing_request r) {
        r.header.message_id = "uuid:m";
        logged.handle_request(request_token{next++}, wsman::write_request(r), "192.0.2.1", now);
        return logged.poll_reply();
    };
    const auto created = wsman::read_reply(tell(make_create({}))->envelope, base::limits{}, "uuid:m");
    const std::string shell = read_create_reply(*created)->shell_id;
    tell(make_command(cmd, shell, {"x", {}, id, {}, {}}));
    tell(make_signal(cmd, shell, id, signal_code::terminate));
    EXPECT_EQ(lines.last["reason"], "terminated");
    EXPECT_EQ(lines.last.count("verb"), 0U);
}

} // namespace
} // namespace winrm::shell
