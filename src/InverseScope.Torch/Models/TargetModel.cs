using System.Globalization;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Runtime;
using InverseScope.Torch.Safetensors;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Models;

/// <summary>
/// A target model opened from its folder. What is known from its files is there at once; weights are loaded, and
/// libtorch with them, when something has to be computed.
/// </summary>
public sealed class TargetModel : IDisposable
{
    private readonly string _folder;
    private readonly TorchThread _thread;
    private readonly ITokenizer? _tokenizer;
    private readonly ChatTemplate? _template;
    private readonly RunSeed? _randomWeights;
    private readonly int _batchTokens;
    private CausalTransformer? _network;

    private TargetModel(
        string folder, TorchThread thread, TransformerConfig config, ITokenizer? tokenizer, ChatTemplate? template,
        TargetDescription description, RunSeed? randomWeights, int batchTokens) =>
        (_folder, _thread, Config, _tokenizer, _template, Description, _randomWeights, _batchTokens) =
            (folder, thread, config, tokenizer, template, description, randomWeights, batchTokens);

    public TargetDescription Description { get; }

    public TransformerConfig Config { get; }

    /// <param name="folder">In Hugging Face layout.</param>
    /// <param name="thread">Runs all that the model computes, in its type of weights; belongs to the caller.</param>
    /// <param name="name">For results; the folder's name by default.</param>
    /// <param name="randomWeights">
    /// Makes another target of it, with random weights of the same scales; null: as trained.
    /// </param>
    /// <param name="format">
    /// How it reads the texts of a task of instructions: in a chat template, which must be its own, up to where its reply begins.
    /// Null: it reads the texts alone.
    /// </param>
    /// <param name="batchTokens">Tokens that will run through it at once; decides what memory must be free before it is loaded.</param>
    /// <param name="describesOnly">Whether nothing will be computed: it need not fit into memory then.</param>
    /// <exception cref="BadInputException">
    /// A file is missing or malformed, the family is not supported, the template is not the model's, or it does not fit.
    /// </exception>
    public static TargetModel Open(
        string folder, TorchThread thread, string? name = null, RunSeed? randomWeights = null, InstructionFormat? format = null,
        int batchTokens = ActivationCapture.TokensPerBatch, bool describesOnly = false)
    {
        var config = ConfigFile.Read(folder);
        var tokenizer = TokenizerFolder.Load(folder);
        if (!describesOnly)
            CheckFits(folder, config, thread, batchTokens);
        if (tokenizer?.Vocabulary > config.Vocabulary)
        {
            throw new BadInputException(
                $"The tokenizer of {folder} gives ids up to {tokenizer.Vocabulary - 1}, but the model knows {config.Vocabulary} tokens.");
        }

        var description = new TargetDescription(
            name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))),
            config.Family,
            Identity(folder, randomWeights, thread.Weights),
            config.Layers,
            config.Heads,
            config.HeadWidth,
            config.Width,
            config.Vocabulary,
            config.Context);
        var template = format?.Template is { } wanted ? Template(folder, tokenizer, wanted) : null;
        return new TargetModel(folder, thread, config, tokenizer, template, description, randomWeights, batchTokens);
    }

    private static ChatTemplate Template(string folder, ITokenizer? tokenizer, string wanted)
    {
        const string Fix = "Import them with --template none, or choose the model that the template is of.";
        if (tokenizer is null)
            throw new BadInputException($"The task's texts are to be read in the chat template {wanted}, but {folder} has no tokenizer.", Fix);
        ChatTemplate template;
        try
        {
            template = ChatTemplate.Open(folder, tokenizer);
        }
        catch (BadInputException e)
        {
            throw new BadInputException($"The task's texts are to be read in the chat template {wanted}. {e.What}", Fix, e);
        }

        return template.Name.Equals(wanted, StringComparison.OrdinalIgnoreCase)
            ? template
            : throw new BadInputException($"The task's texts are to be read in the chat template {wanted}, but that of {folder} is {template.Name}.", Fix);
    }

    // The files' hash takes minutes where weights take gigabytes: what can never be loaded is told before it.
    private static void CheckFits(string folder, TransformerConfig config, TorchThread thread, int batchTokens)
    {
        using (var checkpoint = Checkpoint.Open(folder))
            WeightLoader.CheckSize(config, checkpoint);
        // A GPU tells what is free only once something of this process is there.
        if (thread.Device == "cpu")
            MemoryNeed.Check(folder, config, thread.Weights, thread.Device, batchTokens, MemoryNeed.LongestText, MemoryNeed.Available(thread.Device));
    }

    private static string Identity(string folder, RunSeed? randomWeights, NumberType weights)
    {
        var hash = TargetContent.Hash(folder);
        if (randomWeights is { } seed)
            hash = ContentHash.Of(hash, "random weights", seed.Value.ToString(CultureInfo.InvariantCulture));
        return TargetContent.In(weights, hash);
    }

    /// <summary>
    /// The text as the model reads it; in a chat template as the user's message, in which no control token is spelled, whatever the
    /// text holds. The result's text is then that of the whole prompt.
    /// </summary>
    /// <exception cref="BadInputException">
    /// The model has no tokenizer, the text holds what its vocabulary does not, or is longer than its context.
    /// </exception>
    public TokenizedText Tokenize(string text)
    {
        var tokenizer = _tokenizer ?? throw new BadInputException(
            $"{_folder} has no tokenizer, so that the model cannot read texts.", "It needs tokenizer.model, tokenizer.json, or vocab.json (and merges.txt).");
        var tokens = _template is null ? tokenizer.Encode(text) : _template.Render([new ChatMessage(ChatRole.User, text)], SpelledTokens.AreText).Tokens;
        if (tokens.Ids.Length > Config.Context)
        {
            var shown = text.Length <= 80 ? text : $"{text[..80]}…";
            throw new BadInputException(
                $"The text \"{shown}\" has {tokens.Ids.Length} tokens, but the model reads at most {Config.Context}.");
        }

        return tokens.Ids.Length > 0 ? tokens : throw new BadInputException("An empty text has no token to look at.");
    }

    /// <summary>
    /// Tokens of the longest text that is expected to run through it; decides, with the tokens of a batch, what memory must be free
    /// before it is loaded. Default 512.
    /// </summary>
    public int ExpectedLongest { get; internal set; } = MemoryNeed.LongestText;

    /// <summary>The token that ends a text; null if none is known.</summary>
    internal int? EndId => _tokenizer?.EndId;

    /// <summary>The text of ids that it wrote, without special tokens.</summary>
    internal string Decode(ReadOnlySpan<int> ids) => _tokenizer!.Decode(ids);

    /// <summary>Whether the weight files are whole and of the size that the config asks for; nothing is loaded.</summary>
    /// <exception cref="BadInputException">They are not.</exception>
    public void CheckFiles()
    {
        using var checkpoint = Checkpoint.Open(_folder);
        WeightLoader.CheckSize(Config, checkpoint);
    }

    /// <summary>Bytes that its weights take in memory in each type, about.</summary>
    public IReadOnlyDictionary<NumberType, double> WeightBytes =>
        Enum.GetValues<NumberType>().ToDictionary(type => type, type => MemoryNeed.Weights(Config, type));

    /// <summary>Loads the weights if they are not loaded.</summary>
    /// <exception cref="BadInputException">
    /// The weights do not fit the config, all differences are listed; or they and a batch do not fit into memory.
    /// </exception>
    public void LoadWeights() => Compute(_ => true);

    public void Dispose()
    {
        if (_network is { } network)
            _thread.Run(network.Dispose);
        _network = null;
    }

    /// <summary>Runs work on the tensor thread with the network in evaluation mode.</summary>
    internal T Compute<T>(Func<CausalTransformer, T> work, CancellationToken cancel = default) =>
        _thread.Run(() => work(_network ??= LoadNetwork()), cancel);

    private CausalTransformer LoadNetwork()
    {
        using var checkpoint = Checkpoint.Open(_folder);
        WeightLoader.CheckSize(Config, checkpoint);
        // A GPU tells what is free only once something of this process is there.
        using (TorchSharp.torch.empty(1, device: _thread.TorchDevice))
            MemoryNeed.Check(_folder, Config, _thread.Weights, _thread.Device, _batchTokens, ExpectedLongest, MemoryNeed.Available(_thread.Device));
        var network = new CausalTransformer(Config, new Placement(_thread.TorchDevice, _thread.Weights.ToTorch()));
        try
        {
            WeightLoader.Load(network, checkpoint);
            if (_randomWeights is { } seed)
                network.Randomise(seed);
            network.eval();
            // It outlives the scope of whoever asks for it first.
            foreach (var parameter in network.parameters())
                parameter.DetachFromDisposeScope();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }
}
