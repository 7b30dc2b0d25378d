using System.Globalization;
using InverseScope.Core.Sampling;
using InverseScope.Torch.Runtime;

namespace InverseScope.Torch.Generators;

/// <summary>How a generator's backbone is told of an activation.</summary>
public enum ConditioningKind
{
    /// <summary>InverseScope's control layers; untold, their backbone is the prior.</summary>
    Control,

    /// <summary>InversionView's prefix key and value in every layer; the backbone is trained along. The baseline.</summary>
    Prefix,
}

/// <summary>How often a training sees each site.</summary>
public enum SiteAllocationKind
{
    /// <summary>All alike.</summary>
    Uniform,

    /// <summary>Sites whose texts are still refused more often, as measured along with the held-out loss.</summary>
    Refused,
}

/// <summary>Sizes of what conditions a backbone.</summary>
public sealed record GeneratorArchitecture
{
    public ConditioningKind Conditioning { get; init; } = ConditioningKind.Control;

    /// <summary>Width of the encoding that all sites share, from 1. Default 128.</summary>
    public int Latent { get; init; } = 128;

    /// <summary>What encoders of sites read. Default <see cref="EncoderInput.Activation"/>; a prefix reads nothing else.</summary>
    public EncoderInput EncoderInput { get; init; }

    /// <summary>Heads of each control layer, from 1. Default 64; 32 in the paper.</summary>
    public int ControlHeads { get; init; } = 64;

    /// <summary>Width of queries and keys of a control head, from 1. Default 32; 64 in the paper.</summary>
    public int ControlHeadWidth { get; init; } = 32;

    /// <summary>How queries and keys begin. Default <see cref="ControlInitial.Places"/>.</summary>
    public ControlInitial ControlInitial { get; init; } = ControlInitial.Places;
}

/// <summary>How a generator is trained. Stored with it.</summary>
public sealed record GeneratorOptions
{
    public GeneratorArchitecture Architecture { get; init; } = new();

    /// <summary>
    /// Folder of a checkpoint that the backbone is fine-tuned from; null trains a small one of the next four sizes from
    /// scratch.
    /// </summary>
    public string? Backbone { get; init; }

    /// <summary>Layers of a backbone from scratch, from 1. Default 3.</summary>
    public int Layers { get; init; } = 3;

    /// <summary>Attention heads in each of its layers, from 1. Default 4.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Its width, a multiple of <see cref="Heads"/>. Default 128.</summary>
    public int Width { get; init; } = 128;

    /// <summary>Rank of the low-rank updates that a checkpoint is fine-tuned by; 0 trains all of its weights. Default 0.</summary>
    public int LowRank { get; init; }

    /// <summary>Most steps on the prior alone, from 1. Default 1,500.</summary>
    public int BackboneSteps { get; init; } = 1_500;

    /// <summary>Largest learning rate of the backbone on the prior; above 0. Default 0.001.</summary>
    public double BackboneLearningRate { get; init; } = 1e-3;

    /// <summary>Most steps on activations, from 1. Default 6,000.</summary>
    public int Steps { get; init; } = 6_000;

    /// <summary>
    /// Share of those steps, the first, in which the backbone is trained along with control layers, its own loss on the prior beside
    /// theirs; then it stays as it is. 0 leaves it as the prior made it, and has to stand beside <see cref="LowRank"/>; a prefix's is trained
    /// to the end whatever stands here. From 0 to 1. Default 0.8.
    /// </summary>
    public double JointShare { get; init; } = 0.8;

    /// <summary>Largest learning rate on activations; above 0. Default 0.0005.</summary>
    public double LearningRate { get; init; } = 5e-4;

    /// <summary>
    /// Most steps of self-distillation after that, in which the generator also learns from as many texts of its own, weighted by
    /// what the target makes of them, at a fifth of the learning rate; 0 leaves it out. Default 0.
    /// </summary>
    public int DistillationSteps { get; init; }

    /// <summary>Texts in each step, from 1. Default 256.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>
    /// Groups of alike many texts in each step, each of one site, and of sites apart unless there are fewer or some are seen more often;
    /// from 1 to the batch size. Default 64.
    /// </summary>
    public int SitesPerBatch { get; init; } = 64;

    /// <summary>
    /// Which sites a step is about; null is <see cref="SiteAllocationKind.Refused"/> with control layers and
    /// <see cref="SiteAllocationKind.Uniform"/> with a prefix.
    /// </summary>
    public SiteAllocationKind? Allocation { get; init; }

    /// <summary>
    /// Type in which the projections of the backbone and the products of control layers are multiplied while a generator is trained, see
    /// <see cref="MatrixProducts"/>: float32, or bfloat16, which is several times as fast where the machine has instructions for it. Weights,
    /// norms, softmax, scores, losses that are reported, and the target are float32 either way. Default float32.
    /// </summary>
    public NumberType Products { get; init; }

    /// <summary>Steps over which the learning rate rises; then it falls to 0 as a cosine. Default 300.</summary>
    public int WarmupSteps { get; init; } = 300;

    /// <summary>AdamW's decay, times the learning rate, of matrices; from 0. Default 0.01.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Distance whose kernel gives the noise on activations.</summary>
    public DistanceKind Distance { get; init; } = DistanceKind.Cosine;

    /// <summary>Kernel of the noise.</summary>
    public KernelKind Kernel { get; init; } = KernelKind.Gaussian;

    /// <summary>Typical (median) distance that the noise moves an activation by; above 0. Default 0.002.</summary>
    public double NoiseDistance { get; init; } = 0.002;

    /// <summary>
    /// How far the noise may change the norm, cosine distance only, as a share; above 0 to 1, where norms come down to 0. Default 0.05.
    /// </summary>
    public double NoiseNormBand { get; init; } = 0.05;

    /// <summary>Convention for head outputs.</summary>
    public Basis Basis { get; init; } = Basis.Raw;

    /// <summary>Share of the texts that training never sees, by their hash; between 0 and 1. Default 0.05.</summary>
    public double HeldOutShare { get; init; } = 0.05;

    /// <summary>Steps between measurements of the held-out loss, from 1. Default 250.</summary>
    public int EvaluateEvery { get; init; } = 250;

    /// <summary>Measurements without a better loss after which a training ends, from 1. Default 8.</summary>
    public int Patience { get; init; } = 8;

    /// <summary>Steps between checkpoints from which a stopped training goes on. Default 250.</summary>
    public int CheckpointEvery { get; init; } = 250;

    /// <summary>Decides initial weights, texts and noise. Default 1.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Steps in which control layers and their backbone are trained together.</summary>
    internal int JointSteps => LowRank > 0 || Architecture.Conditioning == ConditioningKind.Prefix ? 0 : (int)Math.Round(JointShare * Steps);

    /// <summary>Whether sites that refuse more are seen more often.</summary>
    internal bool AllocatesByRefusal => (Allocation ?? (Architecture.Conditioning == ConditioningKind.Control ? SiteAllocationKind.Refused : SiteAllocationKind.Uniform))
        == SiteAllocationKind.Refused;

    /// <summary>All problems, each with its cure; empty if the options can be used.</summary>
    public IEnumerable<string> Check()
    {
        foreach (var (name, value) in new[]
            {
                ("latent", Architecture.Latent), ("control_heads", Architecture.ControlHeads),
                ("control_head_width", Architecture.ControlHeadWidth), ("layers", Layers), ("heads", Heads), ("width", Width),
                ("backbone_steps", BackboneSteps), ("steps", Steps), ("batch_size", BatchSize), ("sites_per_batch", SitesPerBatch),
                ("evaluate_every", EvaluateEvery), ("patience", Patience), ("checkpoint_every", CheckpointEvery),
            })
        {
            if (value < 1)
                yield return Text($"{name} must be 1 or more, not {value}.");
        }

        foreach (var (name, value) in new[] { ("low_rank", LowRank), ("warmup_steps", WarmupSteps), ("distillation_steps", DistillationSteps) })
        {
            if (value < 0)
                yield return Text($"{name} must be 0 or more, not {value}.");
        }

        foreach (var (name, value) in new[]
            {
                ("backbone_learning_rate", BackboneLearningRate), ("learning_rate", LearningRate), ("noise_distance", NoiseDistance),
            })
        {
            if (!(value > 0) || !double.IsFinite(value))
                yield return Text($"{name} must be a number above 0, not {value}.");
        }

        if (!(NoiseNormBand is > 0 and <= 1))
            yield return Text($"noise_norm_band must be above 0 and at most 1, not {NoiseNormBand}: it is a share of the activation's norm, and no norm is below 0.");
        if (!(WeightDecay >= 0) || !double.IsFinite(WeightDecay))
            yield return Text($"weight_decay must be 0 or more, not {WeightDecay}.");
        if (!(JointShare is >= 0 and <= 1))
            yield return Text($"joint_share must be from 0 to 1, not {JointShare}: it is a share of the steps.");
        if (Products is not (NumberType.Float32 or NumberType.BFloat16))
            yield return Text($"products must be float32 or bfloat16, not {Products.Text()}: gradients leave its range.");
        if (Architecture is { Conditioning: ConditioningKind.Prefix, EncoderInput: EncoderInput.Polar })
            yield return "encoder_input must be activation with a prefix, which has no encoders.";
        if (LowRank > 0 && JointShare > 0)
            yield return Text($"joint_share must be 0 with low_rank, not {JointShare}: low-rank updates are merged into the backbone, which then stays as it is.");
        if (!(HeldOutShare > 0 && HeldOutShare < 1))
            yield return Text($"held_out_share must be between 0 and 1, not {HeldOutShare}.");
        if (Heads > 0 && Width % Heads != 0)
            yield return Text($"width must be a multiple of heads: {Width} is none of {Heads}.");
        if (SitesPerBatch > BatchSize)
            yield return Text($"sites_per_batch must be at most batch_size ({BatchSize}), not {SitesPerBatch}.");
        if (LowRank > 0 && Backbone is null)
            yield return "low_rank fine-tunes a checkpoint: give one with backbone, or leave low_rank at 0.";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
