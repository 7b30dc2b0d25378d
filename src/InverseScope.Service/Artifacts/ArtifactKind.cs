namespace InverseScope.Service.Artifacts;

/// <summary>What is known by a hash of its content. Named in addresses and in folders of homes.</summary>
public enum ArtifactKind
{
    /// <summary>Target models, by <see cref="Core.Sampling.TargetDescription.ContentHash"/>.</summary>
    Models,

    /// <summary>Generators, by <see cref="Core.Sampling.GeneratorDescription.ContentHash"/>.</summary>
    Generators,

    /// <summary>Tasks of files, by <see cref="Core.Tasks.ITask.Fingerprint"/>.</summary>
    Tasks,
}
