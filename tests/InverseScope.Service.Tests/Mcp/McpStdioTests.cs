using System.Diagnostics;

namespace InverseScope.Service.Tests.Mcp;

[Collection(McpCollection.Name)]
public sealed class McpStdioTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_whole_study_needs_no_more_than_a_process()
    {
        await using var agent = await Agent.OverStdioAsync(_folder["home"]);

        await agent.AskAsync("begin_study", new { model = "ioi", task = "ioi", site = "L1H4@last", references = 30, samples = 16, bank_size = 2000, epsilon = 0.1 });
        await agent.AskAsync("sample");
        var spec = new
        {
            title = "Name that occurs once",
            hypothesis = "It carries the indirect object.",
            rule = new object[] { "words", new Dictionary<string, string> { ["in"] = "names" }, new { occurring = 1 }, "first" },
        };
        var hash = (await agent.AskAsync("score", new { spec })).GetProperty("hash").GetString();
        var sweep = (await agent.AskAsync("submit", new { hashes = new[] { hash } })).GetProperty("sweep").GetString()!;
        var verdicts = await agent.VerdictsAsync();

        Assert.Equal("confirmed", verdicts.GetProperty("verdicts")[0].GetProperty("verdict").GetString());
        Assert.Contains("proposed by an outside agent", File.ReadAllText(_folder[$"home/sweeps/{sweep}/report.html"]));
    }

    [Fact]
    public async Task It_ends_when_its_input_does_and_says_nothing_but_the_protocol()
    {
        using var process = Start();
        await process.StandardInput.WriteLineAsync("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}""");
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        var reply = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        process.StandardInput.Close();
        var rest = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.StartsWith("{\"result\":{\"protocolVersion\":\"2025-06-18\"", reply, StringComparison.Ordinal);
        Assert.Equal("", rest);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task Where_a_service_owns_the_store_it_says_where_that_listens()
    {
        await using var service = await ServiceHost.StartAsync(new Sweeps.Home(_folder["home"]));
        using var process = Start();
        process.StandardInput.Close();
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(2, process.ExitCode);
        Assert.Contains("in use by another process", error);
        Assert.Contains(new Uri(service.Client.BaseAddress!, "/mcp").ToString(), error);
        Assert.Equal("", await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    private Process Start() => CliProcess.Start("mcp", "--home", _folder["home"], "--threads", "1");
}
