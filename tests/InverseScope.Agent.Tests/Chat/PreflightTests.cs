using InverseScope.Agent.Chat;
using InverseScope.Core;

namespace InverseScope.Agent.Tests.Chat;

public sealed class PreflightTests : IAsyncLifetime
{
    private readonly FastClock _clock = new();
    private FakeOllama _server = null!;

    private ChatOptions Options => new() { Model = "tiny", Address = _server.Address };

    public async ValueTask InitializeAsync()
    {
        _server = await FakeOllama.StartAsync();
        _server.Reply = _ => """{"word":"ready","letters":5}""";
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_good_service_is_described_and_its_model_probed()
    {
        using var opening = await OpenAsync(Options with { EmbeddingModel = "tiny" });
        Assert.All(opening.Report.Findings, f => Assert.Equal((PreflightState.Good, (string?)null), (f.State, f.Cure)));
        Assert.Equal(["service", "embeddings", "model", "context", "memory", "structured reply"], opening.Report.Findings.Select(f => f.Name));
        Assert.Equal(("0.12.6", 32768, true, true), (opening.Report.Version, opening.Report.ContextLength, opening.Report.HasTools, opening.Report.IsReady));
        Assert.Equal(new ChatModel("ollama", "tiny", "sha256:1234"), opening.Chat!.Model);
        Assert.Single(_server.Chats);
        Assert.Equal("64", _server.Chats[0].Option("num_predict"));
    }

    [Theory]
    [InlineData(false, PreflightState.Doubtful)]
    [InlineData(true, null)]
    public async Task A_model_that_is_larger_than_what_is_free_is_told_unless_it_is_loaded(bool loaded, PreflightState? memory)
    {
        (_server.Size, _server.IsLoaded) = (1L << 60, loaded);
        using var opening = await OpenAsync(Options);
        var finding = opening.Report.Findings.SingleOrDefault(f => f.Name == "memory");
        Assert.Equal(memory, finding?.State);
        Assert.True(opening.Report.IsReady);
        if (!loaded)
            Assert.Contains("tiny:latest takes 1,152,921,504.6 GB", finding!.What);
    }

    [Fact]
    public async Task A_model_that_is_fetched_anew_is_noticed()
    {
        using var opening = await OpenAsync(Options);
        Assert.Equal("sha256:1234", await opening.DigestNowAsync(CancellationToken.None));
        _server.Digest = "sha256:5678";
        Assert.Equal("sha256:5678", await opening.DigestNowAsync(CancellationToken.None));
        await _server.StopAsync();
        Assert.Null(await opening.DigestNowAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Labels_are_embedded_by_the_model_for_it()
    {
        _server.Embed = text => [text.Length, 1];
        using var opening = await OpenAsync(Options with { EmbeddingModel = "tiny" });
        Assert.Equal([[1, 1], [3, 1]], await opening.Embedder!.EmbedAsync(["a", "abc"], CancellationToken.None));
        Assert.Equal("sha256:1234", opening.Embedder.Identity);

        _server.Embed = _ => [0, 0];
        await Assert.ThrowsAsync<OutsideServiceException>(() => opening.Embedder.EmbedAsync(["a"], CancellationToken.None));
        await _server.StopAsync();
        var gone = await Assert.ThrowsAsync<OutsideServiceException>(() => opening.Embedder.EmbedAsync(["a"], CancellationToken.None));
        Assert.Contains("cannot be reached", gone.Message);
    }

    [Fact]
    public async Task A_model_for_embeddings_that_is_gone_is_a_matter_for_a_person()
    {
        using var opening = await OpenAsync(Options with { EmbeddingModel = "tiny" });
        _server.HasEmbeddings = false;
        var gone = await Assert.ThrowsAsync<BadInputException>(() => opening.Embedder!.EmbedAsync(["a"], CancellationToken.None));
        Assert.Contains("not found", gone.What);
        Assert.Contains("ollama pull tiny", gone.Message);
    }

    [Fact]
    public async Task A_model_that_is_not_there_is_told_with_the_nearest_and_how_to_fetch_it()
    {
        using var opening = await OpenAsync(Options with { Model = "tinny:latest" });
        Assert.Null(opening.Chat);
        var finding = Assert.Single(opening.Report.Findings, f => f.State == PreflightState.Bad);
        Assert.Contains("no model 'tinny:latest'. Did you mean 'tiny:latest'? It has tiny:latest.", finding.What);
        Assert.Contains("ollama pull tinny:latest", finding.Cure);
        Assert.Empty(_server.Chats);
    }

    [Fact]
    public async Task A_context_that_the_model_does_not_have_is_told()
    {
        _server.ContextLength = 4096;
        using var opening = await OpenAsync(Options);
        var finding = Assert.Single(opening.Report.Findings, f => f.State == PreflightState.Bad);
        Assert.Equal(("context", "Set the context to 4096 at most."), (finding.Name, finding.Cure));
    }

    [Fact]
    public async Task A_model_that_cannot_think_or_chat_is_told()
    {
        _server.Capabilities = ["embedding"];
        using var opening = await OpenAsync(Options with { Think = true });
        Assert.Equal(["model", "thinking"], opening.Report.Findings.Where(f => f.State == PreflightState.Bad).Select(f => f.Name));
        Assert.False(opening.Report.HasTools);
    }

    [Fact]
    public async Task A_model_that_takes_no_heed_of_a_schema_is_bad_and_one_that_needs_a_second_message_doubtful()
    {
        _server.ThenSay("Ready! It has five letters.");
        using (var opening = await OpenAsync(Options))
            Assert.Equal((PreflightState.Doubtful, true), (opening.Report.Findings[^1].State, opening.Report.IsReady));

        _server.Reply = _ => "Ready! It has five letters.";
        using (var opening = await OpenAsync(Options))
        {
            Assert.Equal((PreflightState.Bad, false), (opening.Report.Findings[^1].State, opening.Report.IsReady));
            Assert.Contains("does not keep to a JSON Schema", opening.Report.Findings[^1].What);
        }
    }

    [Fact]
    public async Task A_service_that_is_not_there_or_is_another_is_told()
    {
        await _server.StopAsync();
        using (var opening = await OpenAsync(Options))
        {
            Assert.Contains("cannot be reached", Assert.Single(opening.Report.Findings).What);
            Assert.Contains("ollama serve", opening.Report.Findings[0].Cure);
        }

        await using var hub = await FakeHub.StartAsync();
        using var other = await OpenAsync(Options with { Address = hub.Address });
        Assert.Equal(PreflightState.Bad, Assert.Single(other.Report.Findings).State);
    }

    [Fact]
    public async Task A_service_that_says_nothing_is_given_up_in_seconds()
    {
        _server.SilentButForChat = _clock.PassDeadlines;
        using var opening = await OpenAsync(Options);
        Assert.Contains("said nothing for 20 seconds", Assert.Single(opening.Report.Findings).What);
    }

    [Fact]
    public async Task Settings_that_are_not_the_default_are_told_with_the_model()
    {
        using var opening = await OpenAsync(Options with { Think = true, ContextTokens = 4096 });
        Assert.Equal(("sha256:1234", "context 4096, thinks"), (opening.Chat!.Model.Identity, opening.Chat.Model.Settings));
    }

    [Fact]
    public async Task A_model_that_is_silent_is_probed_once()
    {
        _server.ThenFallSilent(_clock.PassDeadlines);
        using var opening = await OpenAsync(Options);
        Assert.Contains("No reply within 600 seconds", opening.Report.Findings[^1].What);
        Assert.Single(_server.Chats);
    }

    [Fact]
    public async Task Options_that_cannot_work_are_told_all_at_once()
    {
        var wrong = new ChatOptions
        {
            Provider = "olama",
            Model = " ",
            Address = new Uri("ftp://host"),
            ContextTokens = 1,
            LargestReply = 1,
            Retries = 0,
            BreakAfter = 1,
            RetryDelay = TimeSpan.Zero,
            Deadline = TimeSpan.Zero,
            BreakFor = TimeSpan.FromDays(2),
            KeepLoaded = TimeSpan.FromSeconds(-1),
        };
        Assert.Equal(11, wrong.Check().Count());
        Assert.Contains("Did you mean 'ollama'?", (await Assert.ThrowsAsync<BadInputException>(() => OpenAsync(wrong))).What);
        Assert.Single(new ChatOptions { Model = "m", Provider = "openai" }.Check());
        Assert.Single(new ChatOptions { Model = "m", Provider = "scripted" }.Check());
        Assert.Single(new ChatOptions { Model = "m", Address = new Uri("http://user:secret@127.0.0.1") }.Check());
        Assert.Empty(new ChatOptions { Model = "m" }.Check());
    }

    private Task<ChatOpening> OpenAsync(ChatOptions options) => ChatOpening.OpenAsync(options, _ => null, _clock, CancellationToken.None);
}
