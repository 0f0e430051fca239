// Our client's pool against a real pwsh (environment PWSH) on pipes.
#include "peers/pwsh_host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace winrm::psrp {
namespace {

class pwsh : public testing::Test
{
protected:
    void open(client_pool_options options = {})
    {
        host.emplace(std::move(options));
        ASSERT_TRUE(host->open()) << host->trouble;
    }
    pwsh_host::outcome script(std::string text)
    {
        return host->finish(host->pool.run(pipeline::script(std::move(text))));
    }
    std::optional<pwsh_host> host;
};

TEST_F(pwsh, opens_runs_and_closes)
{
    open();
    EXPECT_EQ(host->opened.host.ps_version, "2.0");
    EXPECT_EQ(host->opened.host.serialization_version, "1.1.0.1");
    const auto o = script("1; 'two'; 3.5; $null; $PSVersionTable.PSVersion.ToString()");
    ASSERT_TRUE(o.end) << host->trouble;
    EXPECT_EQ(o.end->state, invocation_state::completed);
    ASSERT_EQ(o.output.size(), 5u);
    EXPECT_EQ(o.output[0].as<std::int32_t>(), 1);
    EXPECT_EQ(o.output[1].as<std::string>(), "two");
    EXPECT_EQ(o.output[2].as<double>(), 3.5);
    EXPECT_TRUE(o.output[3].is_null());
    EXPECT_TRUE(o.output[4].as<std::string>().value_or("?").starts_with("7."));
    EXPECT_TRUE(host->close_pool()) << host->trouble;
    EXPECT_TRUE(host->pool.finished());
}

TEST_F(pwsh, says_what_it_speaks)
{
    for (const char* version : {"2.1", "2.2", "2.3", "2.4"}) {
        client_pool_options o;
        o.protocol_version = version;
        open(std::move(o));
        EXPECT_EQ(host->opened.host.protocol_version, version);
        const auto got = script("1");
        ASSERT_TRUE(got.end) << host->trouble;
        EXPECT_TRUE(host->close_pool());
    }
}

TEST_F(pwsh, every_stream_apart)
{
    open();
    const auto o =
        script("Write-Output out; Write-Error err; Write-Warning warn; $VerbosePreference='Continue';"
               "Write-Verbose verb; $DebugPreference='Continue'; Write-Debug deb; Write-Information info -Tags a,b;"
               "Write-Progress -Activity act -Status stat -PercentComplete 40; Write-Host hosted");
    ASSERT_TRUE(o.end) << host->trouble;
    EXPECT_EQ(o.end->state, invocation_state::completed);
    ASSERT_EQ(o.output.size(), 1u);
    ASSERT_EQ(o.errors.size(), 1u);
    EXPECT_EQ(o.errors[0].text(), "err");
    ASSERT_TRUE(o.errors[0].invocation);
    EXPECT_NE(o.errors[0].invocation->position_message, "x");
    std::map<informational_kind, std::string> said;
    for (const auto& r : o.records) said[r.kind] = r.message;
    EXPECT_EQ(said[informational_kind::warning], "warn");
    EXPECT_EQ(said[informational_kind::verbose], "verb");
    EXPECT_EQ(said[informational_kind::debug], "deb");
    ASSERT_GE(o.information.size(), 2u);
    EXPECT_EQ(o.information[0].message, "info");
    EXPECT_EQ(o.information[0].tags, (std::vector<std::string>{"a", "b"}));
    ASSERT_TRUE(o.information[1].written_host_text());
    EXPECT_EQ(o.information[1].written_host_text()->text, "hosted");
    ASSERT_FALSE(o.progress.empty());
    EXPECT_EQ(o.progress[0].activity, "act");
    EXPECT_EQ(o.progress[0].percent_complete, 40);
}

TEST_F(pwsh, errors_of_each_kind)
{
    open();
    auto o = script("throw 'thrown'");
    ASSERT_TRUE(o.end);
    EXPECT_EQ(o.end->state, invocation_state::failed);
    ASSERT_TRUE(o.end->reason);
    EXPECT_EQ(o.end->reason->text(), "thrown");
    o = script("1 +");
    EXPECT_EQ(o.end->state, invocation_state::failed);
    EXPECT_EQ(o.end->reason->category, error_category::parser_error);
    o = script("no-such-command");
    EXPECT_EQ(o.end->state, invocation_state::completed);
    ASSERT_EQ(o.errors.size(), 1u);
    EXPECT_EQ(o.errors[0].fully_qualified_error_id, "CommandNotFoundException");
    EXPECT_EQ(o.errors[0].category, error_category::object_not_found);
    EXPECT_TRUE(o.errors[0].script_stack_trace);
    o = script("[int]'x'");
    EXPECT_EQ(o.errors.size() + (o.end->reason ? 1 : 0), 1u);
}

TEST_F(pwsh, parameters_input_and_statements)
{
    open();
    pipeline p = pipeline::script("param($a, [switch]$s, $b) begin { $a; [bool]$s; $b } process { $_ * 2 }");
    p.commands.front().with("a", 5).with("s", true).with("b", "text");
    p.takes_input = true;
    const auto id = host->pool.run(std::move(p));
    for (int i = 0; i < 3; ++i) host->pool.send_input(id, i);
    host->pool.end_input(id);
    auto o = host->finish(id);
    ASSERT_TRUE(o.end) << host->trouble;
    ASSERT_EQ(o.output.size(), 6u);
    EXPECT_EQ(o.output[0].as<int>(), 5);
    EXPECT_EQ(o.output[1].as<bool>(), true);
    EXPECT_EQ(o.output[2].as<std::string>(), "text");
    EXPECT_EQ(o.output[5].as<int>(), 4);

    pipeline two = pipeline::of("Get-Variable");
    two.commands.front().with("Name", "PID").with("ValueOnly", true);
    two.commands.front().end_of_statement = true;
    two.commands.emplace_back("'second'", true);
    o = host->finish(host->pool.run(std::move(two)));
    ASSERT_EQ(o.output.size(), 2u);
    EXPECT_EQ(o.output[1].as<std::string>(), "second");

    pipeline piped = pipeline::script("3,1,2");
    piped.commands.emplace_back("Sort-Object", false);
    o = host->finish(host->pool.run(std::move(piped)));
    ASSERT_EQ(o.output.size(), 3u);
    EXPECT_EQ(o.output[0].as<int>(), 1);

    pipeline merged = pipeline::script("Write-Error e; Write-Warning w");
    merged.commands.front().merge_my = result_types::error;
    merged.commands.front().merge_to = result_types::output;
    merged.commands.front().merge_error = result_types::output;
    o = host->finish(host->pool.run(std::move(merged)));
    EXPECT_EQ(o.output.size(), 1u);
    EXPECT_EQ(o.errors.size(), 0u);
}

TEST_F(pwsh, stops_in_the_middle)
{
    open();
    const auto id = host->pool.run(pipeline::script("'begun'; while ($true) { Start-Sleep -Milliseconds 50 }"));
    bool stopped = false;
    std::optional<invocation_state> end;
    ASSERT_TRUE(host->run([&](pool_event& e) {
        if (std::holds_alternative<pipeline_output>(e) && !stopped) {
            stopped = true;
            host->pool.stop(id);
        }
        if (auto* x = std::get_if<pipeline_state_changed>(&e); x != nullptr && is_end(x->state)) end = x->state;
        return end.has_value();
    })) << host->trouble;
    EXPECT_EQ(end, invocation_state::stopped);
    const auto o = script("'again'");
    ASSERT_EQ(o.output.size(), 1u);
}

TEST_F(pwsh, several_at_once)
{
    client_pool_options options;
    options.max_runspaces = 3;
    open(std::move(options));
    std::map<base::uuid, int> sums;
    std::vector<base::uuid> ids;
    for (int i = 0; i < 3; ++i)
        ids.push_back(
            host->pool.run(pipeline::script("1..100 | ForEach-Object { $_ }; Start-Sleep -Milliseconds 200")));
    std::size_t ended = 0;
    ASSERT_TRUE(host->run([&](pool_event& e) {
        if (auto* x = std::get_if<pipeline_output>(&e)) sums[x->pipeline] += x->value.as<int>().value_or(0);
        if (auto* x = std::get_if<pipeline_state_changed>(&e); x != nullptr && is_end(x->state)) ++ended;
        return ended == 3;
    }));
    for (const auto& id : ids) EXPECT_EQ(sums[id], 5050);
}

TEST_F(pwsh, availability_reset_and_private_data)
{
    open();
    std::map<std::int64_t, std::variant<bool, std::int64_t>> answers;
    const auto answer = [&](std::int64_t call) {
        EXPECT_TRUE(host->run([&](pool_event& e) {
            if (auto* x = std::get_if<pool_answer>(&e)) answers[x->call] = x->answer;
            return answers.contains(call);
        })) << host->trouble;
        return answers[call];
    };
    EXPECT_EQ(std::get<bool>(answer(host->pool.set_max_runspaces(4))), true);
    EXPECT_EQ(std::get<bool>(answer(host->pool.set_min_runspaces(2))), true);
    EXPECT_EQ(std::get<bool>(answer(host->pool.set_min_runspaces(9))), false);
    EXPECT_EQ(std::get<std::int64_t>(answer(host->pool.available_runspaces())), 4);
    EXPECT_FALSE(host->opened.application_private_data.is_null());

    client_pool_options one;
    open(std::move(one));
    script("$global:kept = 5");
    EXPECT_EQ(script("$kept").output.at(0).as<int>(), 5);
    EXPECT_EQ(std::get<bool>(answer(host->pool.reset_runspace_state())), true);
    EXPECT_TRUE(script("$kept").output.at(0).is_null());
}

TEST_F(pwsh, command_metadata)
{
    open();
    get_command_metadata wanted;
    wanted.names = {"Get-Variable", "Write-Host"};
    const auto o = host->finish(host->pool.get_commands(wanted));
    ASSERT_TRUE(o.end) << host->trouble;
    EXPECT_EQ(o.end->state, invocation_state::completed);
    ASSERT_EQ(o.output.size(), 3u);
    EXPECT_EQ(command_metadata_count::from_value(o.output[0])->count, 2);
    const auto first = command_metadata::from_value(o.output[1]);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->type, command_types::cmdlet);
    EXPECT_FALSE(first->parameters.empty());
}

TEST_F(pwsh, user_events)
{
    open();
    const auto id = host->pool.run(pipeline::script("Register-EngineEvent -SourceIdentifier Mine -Forward; $null = "
                                                    "New-Event -SourceIdentifier Mine -MessageData hello"));
    std::optional<user_event> seen;
    bool ended = false;
    ASSERT_TRUE(host->run([&](pool_event& e) {
        if (auto* x = std::get_if<pool_user_event>(&e)) seen = x->event;
        if (auto* x = std::get_if<pipeline_state_changed>(&e); x != nullptr && x->pipeline == id)
            ended = is_end(x->state);
        return ended && seen;
    })) << host->trouble;
    EXPECT_EQ(seen->source_id, "Mine");
    EXPECT_EQ(seen->message_data.as<std::string>(), "hello");
}

TEST_F(pwsh, secure_strings_asked_for_without_encryption)
{
    client_pool_options options;
    options.host = host_info::interactive({100, 40});
    options.protocol_version = "2.4";
    open(std::move(options));
    const auto o =
        host->finish(host->pool.run(pipeline::script(
                         "$s = $Host.UI.ReadLineAsSecureString(); [Net.NetworkCredential]::new('', $s).Password")),
                     [&](host_call_made& c) { host->pool.respond(c, base::secret{"s3cret"}); });
    ASSERT_EQ(o.output.size(), 1u) << (o.errors.empty() ? host->trouble : o.errors[0].text());
    EXPECT_EQ(o.output[0].as<std::string>(), "s3cret");
}

TEST_F(pwsh, host_calls)
{
    client_pool_options options;
    options.host = host_info::interactive({100, 40});
    open(std::move(options));
    std::vector<std::string> methods;
    const auto answer = [&](host_call_made& c) {
        methods.emplace_back(name(c.call.method));
        client_pool& pool = host->pool;
        switch (c.call.method) {
        case host_method::read_line: pool.respond(c, clixml::value{"a line"}); return;
        case host_method::read_line_as_secure_string: pool.respond(c, base::secret{"s3cret"}); return;
        case host_method::prompt_for_choice: {
            const auto asked = read_choice_prompt(c.call);
            ASSERT_TRUE(asked);
            EXPECT_EQ(asked->choices.size(), 2u);
            EXPECT_EQ(asked->choices[1].label, "&No");
            pool.respond(c, clixml::value{1});
            return;
        }
        case host_method::prompt_for_choice_multiple_selection:
            pool.respond(c, encode(std::vector<std::int32_t>{0, 1}));
            return;
        case host_method::prompt: {
            const auto asked = read_field_prompt(c.call);
            ASSERT_TRUE(asked);
            std::vector<field_answer> answers;
            for (const auto& f : asked->fields) {
                if (f.is_secure_string()) answers.push_back({f.name, base::secret{"hidden"}});
                else answers.push_back({f.name, clixml::value{"given " + f.name}});
            }
            pool.respond(c, std::move(answers));
            return;
        }
        case host_method::prompt_for_credential1:
        case host_method::prompt_for_credential2: pool.respond(c, credential{"dom\\me", base::secret{"pw"}}); return;
        case host_method::get_cursor_position: pool.respond(c, encode(coordinates{3, 4})); return;
        case host_method::get_window_size:
        case host_method::get_buffer_size: pool.respond(c, encode(size{77, 33})); return;
        case host_method::read_key: pool.respond(c, encode(key_info{65, u'a', 0, true})); return;
        case host_method::get_key_available: pool.respond(c, clixml::value{true}); return;
        case host_method::get_buffer_contents:
            pool.respond(c, encode(std::vector<std::vector<buffer_cell>>{{{u'x'}, {u'y'}}, {{u'z'}, {u'w'}}}));
            return;
        default:
            if (c.call.wants_answer()) pool.fail(c, "no such thing here");
        }
    };
    const auto run = [&](std::string text) {
        return host->finish(host->pool.run(pipeline::script(std::move(text))), answer);
    };
    auto o = run("Read-Host 'question'");
    ASSERT_EQ(o.output.size(), 1u) << (o.errors.empty() ? host->trouble : o.errors[0].text());
    EXPECT_EQ(o.output[0].as<std::string>(), "given question");
    o = run("$Host.UI.ReadLine()");
    ASSERT_EQ(o.output.size(), 1u);
    EXPECT_EQ(o.output[0].as<std::string>(), "a line");
    o = run(
        "$Host.UI.PromptForChoice('c','m',[System.Management.Automation.Host.ChoiceDescription[]]('&Yes','&No'),0)");
    ASSERT_EQ(o.output.size(), 1u);
    EXPECT_EQ(o.output[0].as<int>(), 1);
    o = run("$Host.UI.PromptForChoice('c','m',[System.Management.Automation.Host.ChoiceDescription[]]('&Yes','&No'),["
            "int[]](0)) -join ','");
    ASSERT_EQ(o.output.size(), 1u) << (o.errors.empty() ? host->trouble : o.errors[0].text());
    EXPECT_EQ(o.output[0].as<std::string>(), "0,1");
    o = run("$Host.UI.RawUI.CursorPosition.X; $Host.UI.RawUI.WindowSize.Width; $Host.UI.RawUI.KeyAvailable;"
            "$Host.UI.RawUI.ReadKey('NoEcho').Character; $Host.Name");
    ASSERT_EQ(o.output.size(), 5u);
    EXPECT_EQ(o.output[1].as<int>(), 100); // what the pool was opened with
    EXPECT_EQ(o.output[3].as<char16_t>(), u'a');
    o = run("$Host.UI.RawUI.GetBufferContents([System.Management.Automation.Host.Rectangle]::new(0,0,1,1))");
    ASSERT_EQ(o.errors.size(), 1u); // PowerShell offers no such thing to remote scripts
    o = run("Clear-Host");
    o = run("$Host.UI.WriteLine('Red','Black','coloured'); Write-Host x; $Host.UI.WriteErrorLine('bad')");
    o = run("try { $Host.UI.RawUI.GetBufferContents; $Host.UI.RawUI.MaxWindowSize.Width; $Host.UI.RawUI.WindowTitle = "
            "'T'; $Host.UI.RawUI.ForegroundColor } catch { $_.Exception.Message }");
    o = run("$s = $Host.UI.ReadLineAsSecureString(); [Net.NetworkCredential]::new('', $s).Password; $s");
    ASSERT_EQ(o.output.size(), 2u) << (o.errors.empty() ? host->trouble : o.errors[0].text());
    EXPECT_EQ(o.output[0].as<std::string>(), "s3cret");
    ASSERT_TRUE(host->pool.has_keys());
    auto back = host->pool.reveal(o.output[1]);
    ASSERT_TRUE(back) << to_string(back.error());
    EXPECT_EQ(back->reveal(), "s3cret");
    o = run("$c = $Host.UI.PromptForCredential('cap','msg','user','target'); $c.UserName; "
            "$c.GetNetworkCredential().Password");
    ASSERT_EQ(o.output.size(), 2u) << (o.errors.empty() ? host->trouble : o.errors[0].text());
    EXPECT_EQ(o.output[1].as<std::string>(), "pw");
    o = run("function f { param([Parameter(Mandatory)]$x, [Parameter(Mandatory)][securestring]$y) $x; "
            "[Net.NetworkCredential]::new('', $y).Password }; f");
    ASSERT_EQ(o.output.size(), 2u) << (o.errors.empty() ? host->trouble : o.errors[0].text());
    EXPECT_EQ(o.output[0].as<std::string>(), "given x");
    EXPECT_EQ(o.output[1].as<std::string>(), "hidden");
    for (const char* m :
         {"ReadLine", "ReadLineAsSecureString", "Prompt", "PromptForChoice", "PromptForChoiceMultipleSelection",
          "PromptForCredential2", "ReadKey", "WriteLine3", "WriteErrorLine", "SetWindowTitle"})
        EXPECT_NE(std::find(methods.begin(), methods.end(), m), methods.end()) << m;
}

TEST_F(pwsh, secure_strings_as_parameters)
{
    for (const char* version : {"2.3", "2.4"}) {
        SCOPED_TRACE(version);
        client_pool_options options;
        options.protocol_version = version;
        open(std::move(options));
        host->pool.exchange_keys();
        ASSERT_TRUE(host->run([](pool_event& e) { return std::holds_alternative<pool_keys_exchanged>(e); }))
            << host->trouble;
        pipeline p = pipeline::script("param($s) [Net.NetworkCredential]::new('', $s).Password; $s");
        p.commands.front().with("s", *host->pool.protect("p\xC3\xA4ss"));
        const auto o = host->finish(host->pool.run(std::move(p)));
        ASSERT_EQ(o.output.size(), 2u) << host->trouble;
        EXPECT_EQ(o.output[0].as<std::string>(), "p\xC3\xA4ss");
        EXPECT_EQ(host->pool.reveal(o.output[1])->reveal(), "p\xC3\xA4ss");
    }
}

TEST_F(pwsh, large_and_many)
{
    open();
    auto o = script("'x' * 52428800");
    ASSERT_EQ(o.output.size(), 1u) << host->trouble;
    EXPECT_EQ(o.output[0].as<std::string>()->size(), 52'428'800u);
    o = script("1..100000");
    EXPECT_EQ(o.output.size(), 100'000u);
    pipeline p = pipeline::script("param($t) $t.Length");
    p.commands.front().with("t", std::string(3'000'000, 'y'));
    o = host->finish(host->pool.run(std::move(p)));
    ASSERT_EQ(o.output.size(), 1u) << host->trouble;
    EXPECT_EQ(o.output[0].as<int>(), 3'000'000);
}

TEST_F(pwsh, cells_of_the_screen)
{
    client_pool_options options;
    options.host = host_info::interactive({100, 40});
    open(std::move(options));
    std::vector<host_call> calls;
    const auto o = host->finish(
        host->pool.run(pipeline::script(
            "$r = $Host.UI.RawUI; $r.SetBufferContents([System.Management.Automation.Host.Rectangle]::new(0,0,1,1),"
            "[System.Management.Automation.Host.BufferCell]::new('x','Red','Blue','Complete'));"
            "$r.SetBufferContents([System.Management.Automation.Host.Coordinates]::new(2,3),"
            "$r.NewBufferCellArray(2, 3, "
            "[System.Management.Automation.Host.BufferCell]::new('y','Red','Blue','Complete')))")),
        [&](host_call_made& c) { calls.push_back(c.call); });
    ASSERT_TRUE(o.errors.empty()) << o.errors[0].text();
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0].method, host_method::set_buffer_contents1);
    EXPECT_EQ(*decode_rectangle(calls[0].parameters[0]), (rectangle{0, 0, 1, 1}));
    EXPECT_EQ(*decode_buffer_cell(calls[0].parameters[1]), (buffer_cell{u'x', color::red, color::blue, {}}));
    EXPECT_EQ(*decode_coordinates(calls[1].parameters[0]), (coordinates{2, 3}));
    const auto rows = decode_buffer_cells(calls[1].parameters[1]);
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 3u);
    EXPECT_EQ(rows->front().size(), 2u);
}

TEST_F(pwsh, input_while_it_runs_and_backpressure)
{
    client_pool_options options;
    options.input_high_water = 100'000;
    open(std::move(options));
    pipeline p = pipeline::script("begin { $n = 0 } process { $n += $_.Length } end { $n }");
    p.takes_input = true;
    const auto id = host->pool.run(std::move(p));
    int sent = 0;
    std::optional<std::int64_t> sum;
    ASSERT_TRUE(host->run([&](pool_event& e) {
        if (std::holds_alternative<input_wanted>(e)) {
            if (sent++ < 200) host->pool.send_input(id, std::string(10'000, 'z'));
            else host->pool.end_input(id);
        }
        if (auto* x = std::get_if<pipeline_output>(&e)) sum = x->value.as<std::int64_t>();
        auto* x = std::get_if<pipeline_state_changed>(&e);
        return x != nullptr && is_end(x->state);
    })) << host->trouble;
    EXPECT_EQ(sum, 2'000'000);
}

} // namespace
} // namespace winrm::psrp
